//! The figures of the table: their names in the JSON file, in the table, and their kind.

/// A figure that varies, in microseconds.
pub(crate) struct Timed {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Whether a chart is drawn of it, and that chart's title.
    pub(crate) chart: Option<&'static str>,
}

/// A figure that is counted.
pub(crate) struct Counted {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) chart: Option<&'static str>,
    /// Whether the same binary always gives the same number, so that a budget can hold it.
    pub(crate) exact: bool,
}

pub(crate) const INIT_WARM: &str = "init_warm_us";
pub(crate) const INIT_COLD: &str = "init_cold_us";
pub(crate) const FIRST: &str = "first_event_us";
pub(crate) const WARM: &str = "warm_event_us";
pub(crate) const WARM_P99: &str = "warm_event_p99_us";
pub(crate) const TOTAL: &str = "first_response_us";
pub(crate) const TOTAL_COLD: &str = "first_response_cold_us";
/// Only functions with a call have these: CPU time up to the first response, times with the CPU share of
/// 128 MB, and times with a server at a distance.
pub(crate) const TOTAL_CPU: &str = "first_response_cpu_us";
pub(crate) const INIT_128: &str = "init_128mb_us";
pub(crate) const FIRST_128: &str = "first_event_128mb_us";
pub(crate) const TOTAL_128: &str = "first_response_128mb_us";
pub(crate) const INIT_AWAY: &str = "init_away_us";
pub(crate) const FIRST_AWAY: &str = "first_event_away_us";
pub(crate) const TOTAL_AWAY: &str = "first_response_away_us";
pub(crate) const WARM_AWAY: &str = "warm_event_away_us";
pub(crate) const LARGE: &str = "event_6mb_us";
pub(crate) const JSON: &str = "json_1mb_us";

pub(crate) const TIMED: [Timed; 17] = [
    timed(
        INIT_WARM,
        "init, warm cache",
        Some("Spawn to first GET /next, page cache warm"),
    ),
    timed(
        INIT_COLD,
        "init, cold cache",
        Some("Spawn to first GET /next, the binary's pages dropped"),
    ),
    timed(
        FIRST,
        "first event",
        Some("First event: sent to response read"),
    ),
    timed(
        WARM,
        "warm event p50",
        Some("Warm event: sent to response read"),
    ),
    timed(WARM_P99, "warm event p99", None),
    timed(
        TOTAL,
        "spawn to first response",
        Some("Spawn to first response, page cache warm"),
    ),
    timed(TOTAL_COLD, "spawn to first response, cold cache", None),
    timed(TOTAL_CPU, "CPU time to first response", None),
    timed(INIT_128, "init, 128 MB", None),
    timed(FIRST_128, "first event, 128 MB", None),
    timed(TOTAL_128, "spawn to first response, 128 MB", None),
    timed(INIT_AWAY, "init, server at a distance", None),
    timed(FIRST_AWAY, "first event, server at a distance", None),
    timed(
        TOTAL_AWAY,
        "spawn to first response, server at a distance",
        None,
    ),
    timed(WARM_AWAY, "warm event, server at a distance", None),
    timed(LARGE, "6 MB event", Some("6 MB event echoed")),
    timed(
        JSON,
        "1 MB of JSON parsed and printed",
        Some("1 MB of JSON parsed and printed, by allocator"),
    ),
];

pub(crate) const INSTRUCTIONS: &str = "instructions";
pub(crate) const EVENT_INSTRUCTIONS: &str = "event_instructions";
pub(crate) const SYSTEM_CALLS: &str = "system_calls";
pub(crate) const PAGES: &str = "pages_touched";
pub(crate) const BYTES: &str = "bytes";
pub(crate) const ZIP: &str = "zip_bytes";
pub(crate) const PEAK: &str = "peak_rss_polling_kb";
pub(crate) const PEAK_CALL: &str = "peak_rss_call_kb";
pub(crate) const PEAK_LARGE: &str = "peak_rss_6mb_kb";
pub(crate) const MINOR: &str = "minor_faults_warm";
pub(crate) const MAJOR: &str = "major_faults_cold";

pub(crate) const COUNTED: [Counted; 11] = [
    counted(
        INSTRUCTIONS,
        "instructions to next",
        Some("User instructions to GET /next"),
        true,
    ),
    counted(EVENT_INSTRUCTIONS, "instructions of an event", None, true),
    counted(SYSTEM_CALLS, "system calls to next", None, true),
    counted(PAGES, "pages touched", None, true),
    counted(BYTES, "bytes", Some("Bytes shipped"), true),
    counted(ZIP, "zip bytes", None, true),
    counted(
        PEAK,
        "peak RSS polling, kB",
        Some("Peak resident memory at the first poll, kB"),
        false,
    ),
    counted(PEAK_CALL, "peak RSS with a call, kB", None, false),
    counted(PEAK_LARGE, "peak RSS 6 MB event, kB", None, false),
    counted(MINOR, "minor faults, warm", None, false),
    counted(MAJOR, "major faults, cold", None, false),
];

/// The charts of functions with a call: a figure, the file's name and the title.
pub(crate) const CALL_CHARTS: [(&str, &str, &str); 2] = [
    (
        TOTAL,
        "first-answer",
        "Spawn to the first answer with an AWS call",
    ),
    (
        TOTAL_128,
        "first-answer-128mb",
        "Spawn to the first answer with an AWS call, the CPU share of 128 MB",
    ),
];

/// The table's name of a timed figure.
pub(crate) fn title(name: &str) -> &'static str {
    let found = TIMED.iter().find(|figure| figure.name == name);
    found.map_or("a figure that is no more measured", |figure| figure.title)
}

const fn timed(name: &'static str, title: &'static str, chart: Option<&'static str>) -> Timed {
    Timed { name, title, chart }
}

const fn counted(
    name: &'static str,
    title: &'static str,
    chart: Option<&'static str>,
    exact: bool,
) -> Counted {
    Counted {
        name,
        title,
        chart,
        exact,
    }
}
