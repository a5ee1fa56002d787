//! Drives the layer's real binary: a package in a folder of its own, a scripted Runtime API in
//! front of it, its log in a file, and its processes in view.

pub(crate) mod answer;
pub(crate) mod concurrent;
pub(crate) mod dice;
pub(crate) mod faulty;
pub(crate) mod function;
pub(crate) mod package;
pub(crate) mod process;
pub(crate) mod web;
pub(crate) mod workers;

pub(crate) use answer::Answer;
pub(crate) use concurrent::Concurrent;
pub(crate) use function::{Function, event};
pub(crate) use package::Package;
