//! The units of CloudWatch's metrics.

macro_rules! units {
    ($($unit:ident = $name:literal,)*) => {
        /// The unit of a metric (API reference of CloudWatch, `MetricDatum`).
        ///
        /// ```
        /// assert_eq!(coldspark::metrics::Unit::Milliseconds.name(), "Milliseconds");
        /// ```
        #[allow(missing_docs)] // The names say it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unit {
            $($unit,)*
        }

        impl Unit {
            /// As CloudWatch writes it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$unit => $name,)*
                }
            }
        }
    };
}

units! {
    None = "None",
    Count = "Count",
    Percent = "Percent",
    Seconds = "Seconds",
    Milliseconds = "Milliseconds",
    Microseconds = "Microseconds",
    Bytes = "Bytes",
    Kilobytes = "Kilobytes",
    Megabytes = "Megabytes",
    Gigabytes = "Gigabytes",
    Terabytes = "Terabytes",
    Bits = "Bits",
    Kilobits = "Kilobits",
    Megabits = "Megabits",
    Gigabits = "Gigabits",
    Terabits = "Terabits",
    CountPerSecond = "Count/Second",
    BytesPerSecond = "Bytes/Second",
    KilobytesPerSecond = "Kilobytes/Second",
    MegabytesPerSecond = "Megabytes/Second",
    GigabytesPerSecond = "Gigabytes/Second",
    TerabytesPerSecond = "Terabytes/Second",
    BitsPerSecond = "Bits/Second",
    KilobitsPerSecond = "Kilobits/Second",
    MegabitsPerSecond = "Megabits/Second",
    GigabitsPerSecond = "Gigabits/Second",
    TerabitsPerSecond = "Terabits/Second",
}
