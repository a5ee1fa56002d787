//! `switch < mutants.json`: puts the mutants of one file into it, each behind its number.
//!
//! Standard input is `{"file": path, "mutants": [...]}`, each mutant with its `number`, and `genre`,
//! `span` and `replacement` as `cargo mutants --list --json` prints them. The code that a mutant changes
//! stays where it is: `a + b` becomes `(if crate::mutant_switch::is(7) { a - b } else { a + b })`. So a
//! file may hold all its mutants at once. Comments, `/*<7*/` and `/*7>*/`, say where each of them is.
//! Prints the numbers of those that cannot be chosen while the program runs: in constants, in functions
//! that constants call, and fields that are left out.

mod find;

use std::fs;
use std::io::{self, Read};
use std::process::ExitCode;

use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    file: String,
    mutants: Vec<Mutant>,
}

/// A mutant of cargo-mutants' list.
#[derive(Deserialize)]
struct Mutant {
    number: u32,
    genre: String,
    replacement: String,
    span: Span,
}

/// Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

#[derive(Clone, Copy, Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn offset(self, text: &str) -> usize {
        let before = text.split_inclusive('\n').take(self.line - 1);
        let line = before.map(str::len).sum::<usize>();
        let columns = text[line..].chars().take(self.column - 1);
        line + columns.map(char::len_utf8).sum::<usize>()
    }
}

/// What is inserted before and behind a piece of the code.
struct Edit {
    number: u32,
    start: usize,
    end: usize,
    before: String,
    behind: String,
}

fn main() -> ExitCode {
    let mut input = String::new();
    io::stdin()
        .read_to_string(&mut input)
        .expect("standard input");
    let input: Input = serde_json::from_str(&input).expect("the mutants of a file");
    let text = fs::read_to_string(&input.file).expect("the file");
    let parsed = syn::parse_file(&text).expect("Rust");
    let mut edits = Vec::new();
    for mutant in &input.mutants {
        let range = mutant.span.start.offset(&text)..mutant.span.end.offset(&text);
        match find::edit(&parsed, &text, mutant, range) {
            Some(edit) => edits.push(edit),
            None => println!("{}", mutant.number),
        }
    }
    fs::write(&input.file, inserted(&text, &edits)).expect("the file is written");
    ExitCode::SUCCESS
}

/// The text with all edits; those of a larger piece stand around those of a smaller one.
fn inserted(text: &str, edits: &[Edit]) -> String {
    let mut pieces = Vec::new();
    for edit in edits {
        let Edit {
            number, start, end, ..
        } = *edit;
        // What ends at a place comes before what begins there, and the inner end before the outer one.
        let length = end - start;
        let opening = if length == 0 {
            (start, 1, 0, number)
        } else {
            (start, 2, usize::MAX - length, number)
        };
        pieces.push((opening, &edit.before));
        if !edit.behind.is_empty() {
            pieces.push(((end, 0, length, u32::MAX - number), &edit.behind));
        }
    }
    pieces.sort();
    let (mut out, mut last) = (String::new(), 0);
    for ((place, ..), piece) in pieces {
        out += &text[last..place];
        out += piece;
        last = place;
    }
    out + &text[last..]
}
