//! The process that talks to an emulator, as far as that has power over it.

use crate::tree::Tree;

#[derive(Debug, Default)]
pub(super) struct Attached {
    tree: Tree,
    frozen: bool,
}

impl Attached {
    pub(super) fn new(tree: Tree) -> Attached {
        Attached {
            tree,
            frozen: false,
        }
    }

    pub(super) fn freeze(&mut self) {
        self.tree.stop();
        self.frozen = true;
    }

    pub(super) fn thaw(&mut self) {
        if std::mem::take(&mut self.frozen) {
            self.tree.resume();
        }
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.frozen
    }

    pub(super) fn kill(&self) {
        self.tree.kill();
    }
}
