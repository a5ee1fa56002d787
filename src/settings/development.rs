//! The address that `cargo lambda watch` gives: a URL with a path, `http://127.0.0.1:9000/.rt/NAME`.
//!
//! Lambda's own is `host:port`. Only builds with debug assertions, which `watch` makes, know the URL, so
//! that a release build does not carry the code.

use once_cell::race::OnceBox;

static PREFIX: OnceBox<String> = OnceBox::new();

/// The authority of such an address; another address is returned as it is.
pub(super) fn authority(given: String) -> String {
    let Some((authority, prefix)) = split(&given) else {
        return given;
    };
    PREFIX.get_or_init(|| Box::new(prefix.to_owned()));
    authority.to_owned()
}

/// The path of such an address, which is the prefix of every path; empty for another address.
pub(crate) fn path_prefix() -> &'static str {
    PREFIX.get().map_or("", String::as_str)
}

pub(super) fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let slash = rest.find('/')?;
    Some((&rest[..slash], rest[slash..].trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_with_a_path_has_a_prefix() {
        for (url, parts) in [
            (
                "http://127.0.0.1:9000/.rt/hello",
                Some(("127.0.0.1:9000", "/.rt/hello")),
            ),
            ("http://[::]:9000/.rt/", Some(("[::]:9000", "/.rt"))),
            ("http://127.0.0.1:9000", None),
            ("127.0.0.1:9000", None),
            ("a/b:9000", None),
        ] {
            assert_eq!(split(url), parts, "{url}");
        }
    }
}
