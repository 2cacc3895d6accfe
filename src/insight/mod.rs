//! 数据: what the kept facts say, for supervisors: rates that nobody can cook, plots of them, and tables that leave the
//! house. Rows of counts go in, figures and documents come out; nothing here asks the store, the clock or the disk.
//!
//! - `rate.rs`: a rate with its numerator, denominator, non-response and interval.
//! - `tally.rs`: which measures there are, what counts, and how counts are put together by group and time.
//! - `plot.rs`: bars with intervals and lines over time, as SVG.
//! - `sheet.rs`: CSV and XLSX whose cells no spreadsheet takes for formulas.
//! - `open311.rs`: tickets as service requests of GeoReport v2.

mod open311;
mod plot;
mod rate;
mod sheet;
mod tally;

pub use open311::{
    REQUESTS_MAX, SPAN_DAYS_MAX, Service, ServiceRequest, requests_json, requests_xml,
    services_json, services_xml, stamp, when,
};
pub use plot::{Bar, Head, Line, bars, lines};
pub use rate::{Interval, Rate, wilson};
pub use sheet::{csv_head, csv_rows, guarded, xlsx};
pub use tally::{
    By, Count, Counts, Group, Measure, Period, SATISFIED, Who, by_key, by_period, total,
};

/// What can go wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum InsightError {
    #[error("the table cannot be written as CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("the table cannot be written as CSV: {0}")]
    Write(#[from] std::io::Error),
    #[error(
        "the table cannot be written as a workbook: {0}; export it as CSV, which has no such bound"
    )]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}
