//! Where in the syntax a mutant is, and what makes it one.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::{Edit, Mutant};

/// The edit of a mutant whose code stands at `range`, unless it cannot be chosen at run time.
pub(crate) fn edit(
    file: &syn::File,
    text: &str,
    mutant: &Mutant,
    range: Range<usize>,
) -> Option<Edit> {
    let mut search = Search {
        text,
        mutant,
        range,
        constant: 0,
        found: None,
    };
    search.visit_file(file);
    search.found
}

struct Search<'a> {
    text: &'a str,
    mutant: &'a Mutant,
    range: Range<usize>,
    /// How many constants are around the place.
    constant: u32,
    found: Option<Edit>,
}

fn at(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

impl Search<'_> {
    fn is(&self, genre: &str, node: &impl Spanned) -> bool {
        self.constant == 0 && self.mutant.genre == genre && at(node) == self.range
    }

    fn found(&mut self, around: Range<usize>, before: &str, behind: &str) {
        let number = self.mutant.number;
        self.found = Some(Edit {
            number,
            start: around.start,
            end: around.end,
            before: format!("/*<{number}*/{before}"),
            behind: if behind.is_empty() {
                String::new()
            } else {
                format!("{behind}/*{number}>*/")
            },
        });
    }

    fn chosen(&self) -> String {
        format!("crate::mutant_switch::is({})", self.mutant.number)
    }

    /// `around` stays what it is, unless the mutant is chosen: then it is `other`.
    fn either(&mut self, around: Range<usize>, other: &str) {
        let before = format!("(if {} {{ {other} }} else {{ ", self.chosen());
        self.found(around, &before, " })");
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = block.stmts.first().map(at);
        let here = first.is_some_and(|first| first.start == self.range.start);
        if self.mutant.genre == "FnValue"
            && here
            && self.constant == 0
            && signature.constness.is_none()
        {
            let number = self.mutant.number;
            let open = at(&block.brace_token.span.open()).end;
            let text = format!(
                " if {} {{ return {}; }} /*{number}>*/",
                self.chosen(),
                self.mutant.replacement
            );
            self.found(open..open, &text, "");
        }
    }

    fn constant(&mut self, within: impl FnOnce(&mut Self)) {
        self.constant += 1;
        within(self);
        self.constant -= 1;
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.function(&node.sig, &node.block);
        match node.sig.constness {
            Some(_) => self.constant(|search| visit::visit_item_fn(search, node)),
            None => visit::visit_item_fn(self, node),
        }
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.function(&node.sig, &node.block);
        match node.sig.constness {
            Some(_) => self.constant(|search| visit::visit_impl_item_fn(search, node)),
            None => visit::visit_impl_item_fn(self, node),
        }
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.function(&node.sig, block);
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_item_const(&mut self, node: &'ast syn::ItemConst) {
        self.constant(|search| visit::visit_item_const(search, node));
    }

    fn visit_impl_item_const(&mut self, node: &'ast syn::ImplItemConst) {
        self.constant(|search| visit::visit_impl_item_const(search, node));
    }

    fn visit_item_static(&mut self, node: &'ast syn::ItemStatic) {
        self.constant(|search| visit::visit_item_static(search, node));
    }

    fn visit_type_array(&mut self, node: &'ast syn::TypeArray) {
        self.constant(|search| visit::visit_type_array(search, node));
    }

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        self.visit_expr(&node.expr);
        self.constant(|search| search.visit_expr(&node.len));
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        if self.is("BinaryOperator", &node.op) {
            let (left, right) = (&self.text[at(&node.left)], &self.text[at(&node.right)]);
            let other = format!("{left} {} {right}", self.mutant.replacement);
            self.either(at(node), &other);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        if self.is("UnaryOperator", &node.op) {
            let other = self.text[at(&node.expr)].to_owned();
            self.either(at(node), &other);
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let arm = at(node).start;
        if self.mutant.genre == "MatchArm" && self.constant == 0 && arm == self.range.start {
            let chosen = self.chosen();
            match guard(node) {
                Some(guard) => self.found(guard, &format!("!{chosen} && ("), ")"),
                None => {
                    let arrow = at(&node.fat_arrow_token).start;
                    let number = self.mutant.number;
                    self.found(arrow..arrow, &format!("if !{chosen} /*{number}>*/ "), "");
                }
            }
        }
        if let Some(guard) = guard(node) {
            if self.mutant.genre == "MatchArmGuard" && self.constant == 0 && guard == self.range {
                let other = self.mutant.replacement.clone();
                self.either(guard, &other);
            }
        }
        visit::visit_arm(self, node);
    }
}

fn guard(node: &syn::Arm) -> Option<Range<usize>> {
    match &node.pat {
        syn::Pat::Guard(pattern) => Some(at(&*pattern.guard)),
        _ => None,
    }
}
