//! aws-server [ADDRESS] [FOLDER NAME]: answers every `GetItem` with one item, until it is killed.
//!
//! With a folder and the name of a chain in it (certificates.py makes them) it speaks TLS. It prints
//! the URL at which it is.

use std::io::Write as _;
use std::path::Path;

use aws_server::{Reply, Request, Server, Tls};

const ITEM: &str = r#"{"Item":{"article":{"S":"rope"},"price":{"N":"350"},"stock":{"N":"17"},"name":{"S":"A rope of hemp, 10 m"}}}"#;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let address = arguments
        .first()
        .map_or("127.0.0.1:0", |address| &**address);
    let tls = match &arguments[..] {
        [_, folder, name, ..] => Some(Tls::of(Path::new(folder), name)),
        _ => None,
    };
    let server = Server::on(address, tls, answer);
    println!("{}", server.url());
    let _ = std::io::stdout().flush();
    loop {
        std::thread::park();
    }
}

fn answer(request: &Request) -> Reply {
    match request.operation() {
        "GetItem" => Reply::json(200, ITEM),
        other => Reply::error(400, "UnknownOperationException", other),
    }
}
