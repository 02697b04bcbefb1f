//! Layouts of programs that read every probe. A module says in plain data what its rows are, and gets the layout.
//!
//! What all modules have in common is taken for granted: a table `data` with the columns `row_id` and `observable`,
//! and a matrix `covariance` over its rows.

pub mod cosmosis;
pub mod sacc;

use plugin_api::{ExportContent, ExportFile};

/// The principal table.
const TABLE: &str = "data";

/// Its covariance.
const COVARIANCE: &str = "covariance";

fn file(suffix: &str, content: ExportContent) -> ExportFile {
    ExportFile { suffix: suffix.to_owned(), content }
}
