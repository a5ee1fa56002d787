//! Web applications: `http:`.

mod answers;
mod faults;
mod floods;
mod function_url;
mod last_words;
mod managed;
mod not_ready;
mod proxy;
mod readiness;
mod real;
mod requests;
mod settings;
mod snapstart;
mod start;
mod streams;
mod supervision;
