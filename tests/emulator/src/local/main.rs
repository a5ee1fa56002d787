//! `coldspark-local`: runs a bootstrap on this machine as Lambda would. See `--help`.

mod options;
mod run;
mod snapstart;

use std::process::ExitCode;

/// Exit status for a tool that was used wrongly.
const MISUSE: u8 = 2;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("coldspark-local: {why}; see --help");
            return ExitCode::from(MISUSE);
        }
    };
    match run::run(options) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("coldspark-local: {why}");
            ExitCode::from(MISUSE)
        }
    }
}
