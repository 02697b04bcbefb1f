//! Holds a table against the known releases: a covariance belongs to the supernovae of its release in the published
//! order, and to nothing else.
//!
//! `releases.json` holds no measurement, only a digest of each row, so that a table is recognised whatever its line ends
//! and number format, and so that the first row which is not the published one can be named.

use cosmology::numbers::NumbersDigest;
use cosmology::text::counted;
use plugin_api::{Finding, ModuleError, Severity};
use serde::Deserialize;

use crate::covariance::{COVARIANCE, Published};
use crate::layout::TABLE;
use crate::sample::Sample;
use crate::settings::ReleaseChoice;

/// A published table, and its covariance where its numbers are known.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(crate) name: String,
    /// Eight hexadecimal digits for each row, in the published order; some rows in each text.
    rows: Vec<String>,
    #[serde(default)]
    covariance: Option<NumbersDigest>,
    /// What the table is called with a covariance of other numbers, where several are published for it.
    #[serde(default)]
    with_another_covariance: Option<Variant>,
}

/// A published table with a covariance that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) title: String,
}

#[derive(Deserialize)]
struct Document {
    releases: Vec<Release>,
}

/// Which release a table is, and where it is not.
#[derive(Debug, Default)]
pub(crate) struct Recognition {
    pub(crate) release: Option<String>,
    /// Whether every row is the published one.
    pub(crate) complete: bool,
    /// Whether the numbers of the covariance are the published ones.
    pub(crate) covariance: bool,
    /// The release with this covariance, where it has several.
    pub(crate) variant: Option<Variant>,
    pub(crate) findings: Vec<Finding>,
}

const ON_PURPOSE: &str =
    "take both files from one release; if you changed the table on purpose pass `--param release=none`";

/// Reads the embedded list.
pub(crate) fn known() -> Result<Vec<Release>, ModuleError> {
    let document: Document = serde_json::from_str(include_str!("../releases.json")).map_err(|error| {
        ModuleError::internal(format!("the embedded list of releases is damaged: {error}"))
    })?;
    Ok(document.releases)
}

impl Release {
    fn digests(&self) -> Vec<u32> {
        let of = |text: &[u8]| u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
        self.rows.iter().flat_map(|rows| rows.as_bytes().chunks(8).filter_map(of)).collect()
    }
}

/// Digest of all that is carried of a row: FNV-1a (64 bits) over texts and numbers, its halves combined.
pub(crate) fn row_digest(sample: &Sample, row: usize) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(sample.row_id(row).as_bytes());
    let optional = |values: &Option<Vec<f64>>| values.as_ref().map(|values| values[row]);
    let numbers = [
        Some(sample.z[row]),
        optional(&sample.z_cmb),
        optional(&sample.z_hel),
        Some(sample.published[row]),
        optional(&sample.error),
    ];
    for number in numbers.into_iter().chain(sample.extras.iter().map(|extra| extra.values[row])) {
        // Adding +0 turns -0 into +0; a number that is none has bytes of its own.
        add(&number.map_or([0xff; 8], |number| (number + 0.0).to_be_bytes()));
    }
    for flags in [&sample.is_calibrator, &sample.used_in_shoes_hf].into_iter().flatten() {
        add(&[u8::from(flags[row])]);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the upper half is combined with the lower one")]
    let digest = ((hash >> 32) ^ hash) as u32;
    digest
}

pub(crate) fn recognise(
    choice: &ReleaseChoice,
    sample: &Sample,
    published: Option<&Published<'_>>,
) -> Result<Recognition, ModuleError> {
    let releases = known()?;
    if *choice == ReleaseChoice::Ignored {
        return Ok(Recognition::default());
    }
    let found: Vec<u32> = (0..sample.len()).map(|row| row_digest(sample, row)).collect();
    let release = match choice {
        ReleaseChoice::Named(name) => Some(named(&releases, name)?),
        _ => releases.iter().find(|release| is_mostly(&release.digests(), &found)),
    };
    let Some(release) = release else { return Ok(Recognition::default()) };
    let mut recognition = Recognition { release: Some(release.name.clone()), ..Recognition::default() };
    recognition.findings.extend(difference(release, sample, &found, published.is_some()));
    recognition.complete = recognition.findings.is_empty();
    let (Some(digest), Some(published)) = (&release.covariance, published) else { return Ok(recognition) };
    if recognition.complete && *digest == NumbersDigest::of(published.matrix.values()) {
        recognition.covariance = true;
    } else if recognition.complete && release.with_another_covariance.is_some() {
        recognition.variant.clone_from(&release.with_another_covariance);
    } else if recognition.complete {
        recognition.complete = false;
        let message =
            format!("the table is that of `{}`, but the covariance has other numbers", release.name);
        let place = format!("input `{COVARIANCE}`");
        let finding = Finding::new(Severity::Error, "release.covariance", place, message);
        recognition.findings.push(finding.hint(ON_PURPOSE));
    }
    Ok(recognition)
}

/// Whether more than half of the published rows are there, in whatever order.
fn is_mostly(published: &[u32], found: &[u32]) -> bool {
    let mut sorted = found.to_vec();
    sorted.sort_unstable();
    let shared = published.iter().filter(|digest| sorted.binary_search(digest).is_ok()).count();
    2 * shared > published.len()
}

/// The first place in which a table is not that of a release. Without a covariance, the order means nothing.
fn difference(release: &Release, sample: &Sample, found: &[u32], with_covariance: bool) -> Option<Finding> {
    let published = release.digests();
    let name = &release.name;
    let row = published.iter().zip(found).position(|(published, found)| published != found);
    if row.is_none() && published.len() == found.len() {
        return None;
    }
    let row = row.unwrap_or_else(|| published.len().min(found.len().saturating_sub(1)));
    let id = sample.row_id(row);
    let elsewhere = published.iter().position(|published| published == &found[row]);
    let (severity, code, message) = if published.len() != found.len() {
        let message = format!(
            "the table is that of `{name}`, which has {}; found {}, the first difference is `{id}`",
            counted(published.len(), "row"),
            found.len()
        );
        (Severity::Error, "release.table", message)
    } else if let Some(place) = elsewhere {
        let message = format!(
            "the table is that of `{name}` in another order: `{id}` is its row {}, not {}",
            place + 1,
            row + 1
        );
        let severity = if with_covariance { Severity::Error } else { Severity::Note };
        (severity, "covariance.row-order", message)
    } else {
        (
            Severity::Error,
            "release.table",
            format!("the table is that of `{name}`, but not the row of `{id}`"),
        )
    };
    let place = format!("input `{TABLE}`, line {}", sample.lines[row]);
    Some(Finding::new(severity, code, place, message).hint(ON_PURPOSE))
}

fn named<'r>(releases: &'r [Release], name: &str) -> Result<&'r Release, ModuleError> {
    // One table is published for both.
    let table = if name == "pantheonplus_shoes" { "pantheonplus" } else { name };
    releases.iter().find(|release| release.name == table).ok_or_else(|| {
        let names: Vec<&str> = releases.iter().map(|release| release.name.as_str()).collect();
        let message = format!("no known release is called `{}`", cosmology::text::shortened(name));
        ModuleError::bad_parameter("release", message)
            .hint(format!("known are {}; `auto` recognises tables by their numbers", names.join(", ")))
    })
}
