//! W3C Trace Context from X-Ray's tracing header.
//!
//! ```text
//! Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
//!     -> 00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01
//! ```
//!
//! Sources: the X-Ray developer guide, "Tracing header" and "Trace ID format"; W3C Trace Context,
//! section 3.2, "Traceparent Header".

use std::sync::atomic::{AtomicBool, Ordering};

/// The `traceparent` for an X-Ray header; `None` for a header without trace and parent. Only the first of
/// those is logged as a warning, since some callers send only `Root=` with each event. A trace whose
/// sampling is not decided counts as not sampled.
pub(crate) fn from_xray(header: &str) -> Option<String> {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let made = convert(header);
    if made.is_none() && !WARNED.swap(true, Ordering::Relaxed) {
        let shown: String = header.chars().take(100).collect();
        tracing::warn!(
            header = ?shown,
            "no traceparent: the X-Ray header does not name a trace and a parent; others like it \
             are not logged"
        );
    }
    made
}

pub(crate) fn convert(header: &str) -> Option<String> {
    let (mut root, mut parent, mut sampled) = ("", "", "");
    for part in header.split(';') {
        let (name, value) = part.trim().split_once('=').unwrap_or_default();
        match name {
            "Root" => root = value,
            "Parent" => parent = value,
            "Sampled" => sampled = value,
            _ => {}
        }
    }
    let (time, rest) = root.strip_prefix("1-")?.split_once('-')?;
    let trace = [time, rest].concat();
    if time.len() != 8 || !is_id(&trace, 32) || !is_id(parent, 16) {
        return None;
    }
    let flags = if sampled == "1" { "01" } else { "00" };
    let mut made = ["00", &trace, parent, flags].join("-");
    made.make_ascii_lowercase();
    Some(made)
}

/// Whether the text has so many hexadecimal digits, and not only zeros.
fn is_id(text: &str, length: usize) -> bool {
    text.len() == length
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";
    const PARENT: &str = "Parent=53995c3f42cd8ad8";

    #[test]
    fn an_x_ray_header_becomes_a_traceparent() {
        for (header, flags) in [
            (format!("{ROOT};{PARENT};Sampled=1"), "01"),
            (format!("{ROOT};{PARENT};Sampled=0"), "00"),
            (format!("{ROOT};{PARENT};Sampled=?"), "00"),
            (format!("{ROOT};{PARENT}"), "00"),
            (format!("Sampled=1; {PARENT} ;Lineage=1:a;; {ROOT}"), "01"),
            (
                format!("{};{PARENT};Sampled=1", ROOT.replace("bd86", "BD86")),
                "01",
            ),
        ] {
            let expected = format!("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-{flags}");
            assert_eq!(convert(&header), Some(expected), "{header}");
        }
    }

    #[test]
    fn what_names_no_trace_or_parent_becomes_none() {
        for header in [
            "",
            "Root",
            ROOT,
            PARENT,
            &format!("{};{PARENT}", ROOT.replace("1-", "2-")),
            &format!("{ROOT}0;{PARENT}"),
            &format!("{ROOT};{PARENT}0"),
            &format!("{};{PARENT}", ROOT.replace("bd86", "bd8\u{e9}")),
            &format!("{};{PARENT}", ROOT.replace("-bd86", "b-d86")),
            &format!("Root=1-00000000-000000000000000000000000;{PARENT}"),
            &format!("{ROOT};Parent=0000000000000000"),
        ] {
            assert_eq!(convert(header), None, "{header}");
        }
    }
}
