//! Holds a table against the known releases: a covariance belongs to the supernovae of its release in the published
//! order, and to nothing else.
//!
//! `releases.json` holds no measurement, only a digest of each row, so that a table is recognised whatever its line ends
//! and number format, and so that the first row which is not the published one can be named.

use cosmology::numbers::NumbersDigest;
use cosmology::release_choice::ReleaseChoice;
use cosmology::shared_rows::SharedRows;
use cosmology::text::counted;
use plugin_api::{Finding, ModuleError, Severity};
use serde::Deserialize;

use crate::covariance::{COVARIANCE, Published};
use crate::layout::TABLE;
use crate::sample::Sample;

/// A published table, and its covariance where its numbers are known.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(crate) name: String,
    /// Eight hexadecimal digits for each row, in the published order; some rows in each text.
    rows: Vec<String>,
    /// Digest of the identities of all rows, whatever their order.
    pub(crate) identities: String,
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
    /// Rows of releases that stand in a table that is none of them.
    pub(crate) shared: SharedRows,
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
    let mut hash = fnv(FNV_BASIS, sample.row_id(row).as_bytes());
    let mut add = |bytes: &[u8]| hash = fnv(hash, bytes);
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

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Sum of the digests of all identities, in hexadecimal digits: the same in any order.
pub(crate) fn identities(sample: &Sample) -> String {
    let digests = (0..sample.len()).map(|row| fnv(FNV_BASIS, sample.row_id(row).as_bytes()));
    format!("{:016x}", digests.fold(0_u64, u64::wrapping_add))
}

pub(crate) fn recognise(
    choice: &ReleaseChoice,
    sample: &Sample,
    published: Option<&Published<'_>>,
) -> Result<Recognition, ModuleError> {
    let releases = known()?;
    let found: Vec<u32> = (0..sample.len()).map(|row| row_digest(sample, row)).collect();
    let release = match choice {
        ReleaseChoice::Ignored => None,
        ReleaseChoice::Named(name) => Some(named(&releases, name)?),
        ReleaseChoice::Recognised => {
            // The supernovae of a release with other numbers: its columns changed places, or it is an older version.
            let ids = identities(sample);
            releases.iter().find(|release| is_mostly(&release.digests(), &found) || release.identities == ids)
        }
    };
    let Some(release) = release else {
        let published = releases.iter().map(|release| (release.name.as_str(), release.digests()));
        return Ok(Recognition { shared: SharedRows::count(&found, published), ..Recognition::default() });
    };
    let mut recognition = Recognition { release: Some(release.name.clone()), ..Recognition::default() };
    let order_counts = published.is_some() || matches!(choice, ReleaseChoice::Named(_));
    recognition.findings.extend(difference(release, sample, &found, order_counts));
    recognition.complete = recognition.findings.is_empty();
    let (Some(digest), Some(published)) = (&release.covariance, published) else { return Ok(recognition) };
    let is_demanded = *choice == ReleaseChoice::Named(release.name.clone());
    if recognition.complete && *digest == NumbersDigest::of(published.matrix.values()) {
        recognition.covariance = true;
    } else if recognition.complete && release.with_another_covariance.is_some() && !is_demanded {
        recognition.variant.clone_from(&release.with_another_covariance);
    } else if recognition.complete {
        recognition.complete = false;
        let message =
            format!("the table is that of `{}`, but the covariance has other numbers", release.name);
        let place = format!("input `{COVARIANCE}`");
        let finding = Finding::new(Severity::Error, "release.covariance", place, message);
        let hint = match &release.with_another_covariance {
            Some(variant) => format!("{ON_PURPOSE}, or `{}`", variant.name),
            None => ON_PURPOSE.to_owned(),
        };
        recognition.findings.push(finding.hint(hint));
    }
    Ok(recognition)
}

impl Recognition {
    /// Name in the catalogue. One table is published for Pantheon+ with calibrators and without.
    pub(crate) fn name(&self, with_calibrators: bool) -> Option<&str> {
        match (&self.variant, self.release.as_deref()) {
            (Some(variant), _) => Some(&variant.name),
            (None, Some("pantheonplus")) if with_calibrators => Some("pantheonplus_shoes"),
            (None, name) => name,
        }
    }

    /// Refuses what is not the release that was asked for, although the numbers of the table are.
    pub(crate) fn demand(&self, choice: &ReleaseChoice, with_calibrators: bool) -> Result<(), ModuleError> {
        let name = self.name(with_calibrators).unwrap_or_default();
        match choice {
            ReleaseChoice::Named(demanded) if demanded != name && self.findings.is_empty() => {
                let message =
                    format!("`{demanded}` is demanded, but with these inputs and parameters it is `{name}`");
                let hint = match demanded.as_str() {
                    "pantheonplus_shoes" => "pass `--param calibrators=include`".to_owned(),
                    _ => format!("pass `--param release={name}`"),
                };
                Err(ModuleError::bad_parameter("release", message).hint(hint))
            }
            _ => Ok(()),
        }
    }
}

/// Whether more than half of the published rows are there, in whatever order.
fn is_mostly(published: &[u32], found: &[u32]) -> bool {
    let mut sorted = found.to_vec();
    sorted.sort_unstable();
    let shared = published.iter().filter(|digest| sorted.binary_search(digest).is_ok()).count();
    2 * shared > published.len()
}

/// The first place in which a table is not that of a release. Without a covariance, the order means nothing, unless the
/// release is demanded by its name.
fn difference(release: &Release, sample: &Sample, found: &[u32], order_counts: bool) -> Option<Finding> {
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
        let severity = if order_counts { Severity::Error } else { Severity::Note };
        (severity, "covariance.row-order", message)
    } else {
        let message = if is_mostly(&published, found) {
            format!("the table is that of `{name}`, but not the row of `{id}`")
        } else {
            format!(
                "the numbers are not those of `{name}`, beginning with `{id}`: columns may have changed places"
            )
        };
        (Severity::Error, "release.table", message)
    };
    let place = format!("input `{TABLE}`, line {}", sample.lines[row]);
    Some(Finding::new(severity, code, place, message).hint(ON_PURPOSE))
}

fn named<'r>(releases: &'r [Release], name: &str) -> Result<&'r Release, ModuleError> {
    // One table is published for both.
    let table = if name == "pantheonplus_shoes" { "pantheonplus" } else { name };
    let variant =
        |release: &Release| release.with_another_covariance.as_ref().is_some_and(|it| it.name == name);
    releases.iter().find(|release| release.name == table || variant(release)).ok_or_else(|| {
        let names: Vec<&str> = releases.iter().map(|release| release.name.as_str()).collect();
        let message = format!("no known release is called `{}`", cosmology::text::shortened(name));
        ModuleError::bad_parameter("release", message)
            .hint(format!("known are {}; `auto` recognises tables by their numbers", names.join(", ")))
    })
}
