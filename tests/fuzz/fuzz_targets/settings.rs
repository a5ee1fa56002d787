//! Settings: the address of the Runtime API, the number of pollers, a file of hosts.
#![no_main]

use std::net::{IpAddr, SocketAddr};

use coldspark::fuzzing::{authority, host, pollers, url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    check_authority(text);
    if let Some((authority, path)) = url(text) {
        assert!(path.is_empty() || path.starts_with('/'));
        let rest = text.strip_prefix("http://").unwrap();
        assert!(rest.starts_with(&format!("{authority}{path}")));
        check_authority(authority);
    }
    let (count, problem) = pollers(text);
    assert!((1..=1000).contains(&count));
    let number = text
        .parse::<usize>()
        .ok()
        .filter(|number| (1..=1000).contains(number));
    match problem {
        None => assert!(text.is_empty() || number == Some(count)),
        Some(_) => assert!(number.is_none() || text.starts_with('+')),
    }
    let _ = host(text, "localhost");
});

fn check_authority(text: &str) {
    match authority(text) {
        Ok((host, port)) => {
            assert_ne!(port, 0);
            // It stands in every request's head.
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            match host {
                Ok(ip) => assert_eq!(text.parse(), Ok(SocketAddr::new(ip, port))),
                Err(name) => {
                    assert!(name.parse::<IpAddr>().is_err() && !name.is_empty());
                    let rest = text
                        .strip_prefix(&name)
                        .and_then(|rest| rest.strip_prefix(':'));
                    assert_eq!(rest.map(str::parse), Some(Ok(port)));
                }
            }
        }
        // Whatever std takes as an address with a port, other than 0 and with a scope, is one.
        Err(reason) => match text.parse() {
            Ok(SocketAddr::V4(address)) => assert_eq!(address.port(), 0, "{reason}"),
            Ok(SocketAddr::V6(address)) => {
                assert!(address.port() == 0 || text.contains('%'), "{reason}");
            }
            Err(_) => {}
        },
    }
}
