//! The index: one row per dataset with what a listing shows. Made from the records and every `dataset.json`, and made
//! again whenever it does not fit them; losing it loses nothing.
//!
//! Whether it fits is told by the head of the audit log, which every registration changes: one small file is read
//! instead of one folder per dataset. Only datasets with a new record are read again.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use serde::Serialize;
use serde_json::Value;

use super::audit::AuditLog;
use super::content::DOCUMENT;
use super::item::{ItemKind, read_document};
use super::name::DatasetName;
use super::record::{self, Record};
use super::recover::Intent;
use super::root::DataRoot;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext};

/// Marks the file as ours: the letters `host`.
const APPLICATION_ID: i32 = 0x686f_7374;

/// Goes up with every change of the table, so that an older index is made again.
const FORMAT: i32 = 3;

/// How long one process waits for another that renews the index.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// What a listing shows of one dataset. What its documents do not tell is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The dataset.
    pub name: String,
    /// Highest record.
    pub sequence: u64,
    /// Current version.
    pub version: Option<Digest>,
    /// What it was made from.
    pub recipe: Option<Digest>,
    /// RFC 3339.
    pub registered_at: Option<String>,
    /// From `dataset.json`.
    pub title: Option<String>,
    /// From `dataset.json`.
    pub module_id: Option<String>,
    /// From `dataset.json`.
    pub module_version: Option<String>,
    /// From `dataset.json`.
    pub output: Option<String>,
    /// Rows of all tables.
    pub rows: Option<u64>,
    /// Size of all content files.
    pub bytes: Option<u64>,
    /// The entry `quality_score` of the metadata, 0 to 1.
    pub quality_score: Option<f64>,
    /// Why the current version must not be used, if it is retired.
    pub retired: Option<String>,
    /// Why the dataset cannot be shown as a whole.
    pub damage: Option<String>,
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Datasets in the index now.
    pub datasets: u64,
    /// Records they have.
    pub records: u64,
    /// Datasets that cannot be shown as a whole; `check` says why.
    pub damaged: u64,
}

/// Every dataset, in the order of the names. Renews the index if need be; if it cannot be written, the files are read.
///
/// # Errors
/// The records cannot be listed.
pub fn list(root: &DataRoot) -> Result<Vec<Row>> {
    let fingerprint = fingerprint(root);
    match open(root).and_then(|mut index| listed(root, &mut index, fingerprint.as_deref())) {
        Ok(rows) => return rows,
        Err(error) => tracing::debug!("the index is made again: {error}"),
    }
    discard(root);
    match open(root).and_then(|mut index| listed(root, &mut index, fingerprint.as_deref())) {
        Ok(rows) => rows,
        Err(error) => {
            tracing::debug!("the index cannot be used: {error}");
            Ok(renewed(root, BTreeMap::new())?.0.into_values().collect())
        }
    }
}

/// Makes the index again from the files.
///
/// # Errors
/// The records cannot be listed, or the index cannot be written.
pub fn rebuild(root: &DataRoot) -> Result<Rebuilt> {
    let fingerprint = fingerprint(root);
    discard(root);
    let (rows, records) = renewed(root, BTreeMap::new())?;
    let stored = open(root).and_then(|mut index| store(&mut index, &rows, fingerprint.as_deref()));
    stored.map_err(|error| {
        crate::error::Error::new(crate::error::Kind::Storage, "cannot write the index")
            .cause(format!("`{}`: {error}", root.index().display()))
            .hint("remove the file and type the same again")
    })?;
    let damaged = rows.values().filter(|row| row.damage.is_some()).count();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(Rebuilt { datasets: count(rows.len()), records, damaged: count(damaged) })
}

/// What is wrong with the index, if it claims to be current. One that is missing or waits for its renewal is fine.
/// Changes nothing.
pub(super) fn difference(root: &DataRoot) -> Result<Option<String>> {
    if !root.index().exists() {
        return Ok(None);
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let stored = Connection::open_with_flags(root.index(), flags).and_then(|index| {
        index.busy_timeout(BUSY)?;
        Ok((rows(&index)?, stored_state(&index)?))
    });
    let (stored, state) = match stored {
        Ok(stored) => stored,
        Err(error) => return Ok(Some(format!("it cannot be read: {error}"))),
    };
    if state.is_none() || state != fingerprint(root) {
        return Ok(None);
    }
    let (current, _) = renewed(root, BTreeMap::new())?;
    let differs = |name: &&String| current.get(*name) != stored.get(*name);
    let name = current.keys().chain(stored.keys()).find(differs);
    Ok(name.map(|name| format!("it does not show `{name}` as it is registered")))
}

/// Names the state of the registry; nothing if it is in flux or untold.
fn fingerprint(root: &DataRoot) -> Option<String> {
    if Intent::path(root).exists() {
        return None;
    }
    let head = AuditLog::new(&root.audit()).read_head().ok()??;
    Some(format!("{}:{}", head.sequence, head.line_sha256))
}

fn open(root: &DataRoot) -> rusqlite::Result<Connection> {
    let index = Connection::open(root.index())?;
    index.busy_timeout(BUSY)?;
    // Losing the index costs a rebuild, so no write of it waits for the disk.
    index.pragma_update(None, "synchronous", "OFF")?;
    Ok(index)
}

/// The rows, renewed if the state they show is another one.
fn listed(
    root: &DataRoot,
    index: &mut Connection,
    state: Option<&str>,
) -> rusqlite::Result<Result<Vec<Row>>> {
    let ours = is_ours(index)?;
    if !ours && index.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? > 0 {
        return Err(rusqlite::Error::InvalidQuery);
    }
    let known = if ours { rows(index)? } else { BTreeMap::new() };
    if ours && state.is_some() && stored_state(index)?.as_deref() == state {
        return Ok(Ok(known.into_values().collect()));
    }
    match renewed(root, known) {
        Err(error) => Ok(Err(error)),
        Ok((rows, _)) => {
            if let Err(error) = store(index, &rows, state) {
                // The answer is right all the same; a damaged file is found by the reading above.
                tracing::debug!("the index is not renewed: {error}");
            }
            Ok(Ok(rows.into_values().collect()))
        }
    }
}

fn is_ours(index: &Connection) -> rusqlite::Result<bool> {
    let number = |pragma| index.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    Ok(number("application_id")? == APPLICATION_ID && number("user_version")? == FORMAT)
}

fn stored_state(index: &Connection) -> rusqlite::Result<Option<String>> {
    let query = "SELECT value FROM state WHERE key = 'fingerprint'";
    Ok(index.query_row(query, [], |row| row.get::<_, Option<String>>(0)).optional()?.flatten())
}

fn rows(index: &Connection) -> rusqlite::Result<BTreeMap<String, Row>> {
    let mut statement = index.prepare(
        "SELECT name, sequence, version, recipe, registered_at, title, module_id, module_version, output, rows, bytes,
                quality_score, retired, damage FROM datasets",
    )?;
    let rows = statement.query_map([], |row| {
        let digest = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Ok(Row {
            name: row.get(0)?,
            sequence: number(row.get(1)?).unwrap_or(0),
            version: digest(row.get(2)?),
            recipe: digest(row.get(3)?),
            registered_at: row.get(4)?,
            title: row.get(5)?,
            module_id: row.get(6)?,
            module_version: row.get(7)?,
            output: row.get(8)?,
            rows: number(row.get(9)?),
            bytes: number(row.get(10)?),
            quality_score: row.get(11)?,
            retired: row.get(12)?,
            damage: row.get(13)?,
        })
    })?;
    rows.map(|row| row.map(|row| (row.name.clone(), row))).collect()
}

/// Replaces everything in the index in one transaction.
fn store(index: &mut Connection, rows: &BTreeMap<String, Row>, state: Option<&str>) -> rusqlite::Result<()> {
    let transaction = index.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.execute_batch(
        "DROP TABLE IF EXISTS datasets;
         DROP TABLE IF EXISTS state;
         CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
         CREATE TABLE datasets (
             name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, version TEXT, recipe TEXT, registered_at TEXT,
             title TEXT, module_id TEXT, module_version TEXT, output TEXT, rows INTEGER, bytes INTEGER,
             quality_score REAL, retired TEXT,
             damage TEXT
         ) WITHOUT ROWID;",
    )?;
    let mut insert = transaction.prepare(
        "INSERT INTO datasets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    for row in rows.values() {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        insert.execute(rusqlite::params![
            row.name,
            number(row.sequence),
            row.version.map(|digest| digest.to_string()),
            row.recipe.map(|digest| digest.to_string()),
            row.registered_at,
            row.title,
            row.module_id,
            row.module_version,
            row.output,
            row.rows.map(number),
            row.bytes.map(number),
            row.quality_score,
            row.retired,
            row.damage,
        ])?;
    }
    drop(insert);
    transaction.execute("INSERT INTO state VALUES ('fingerprint', ?1)", [state])?;
    transaction.commit()
}

/// Removes the index and what belongs to it.
fn discard(root: &DataRoot) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut path = root.index().into_os_string();
        path.push(suffix);
        if let Err(error) = durable::remove(path.as_ref()) {
            tracing::debug!("the index is not removed: {error}");
        }
    }
}

/// The row of every dataset and the number of all records. Rows that are known and whole are kept while no newer record
/// is there.
fn renewed(root: &DataRoot, mut known: BTreeMap<String, Row>) -> Result<(BTreeMap<String, Row>, u64)> {
    let mut rows = BTreeMap::new();
    let mut records: u64 = 0;
    for name in record::names(root).storage("list the datasets")? {
        let sequences = record::sequences(root, &name).storage("list the records")?;
        let Some(&highest) = sequences.last() else { continue };
        records = records.saturating_add(u64::try_from(sequences.len()).unwrap_or(u64::MAX));
        let kept = known.remove(name.as_str()).filter(|row| row.sequence == highest && row.damage.is_none());
        rows.insert(name.to_string(), kept.unwrap_or_else(|| row(root, &name, highest)));
    }
    Ok((rows, records))
}

/// Reads one row from the files.
fn row(root: &DataRoot, name: &DatasetName, sequence: u64) -> Row {
    let mut row = Row {
        name: name.to_string(),
        sequence,
        version: None,
        recipe: None,
        registered_at: None,
        title: None,
        module_id: None,
        module_version: None,
        output: None,
        rows: None,
        bytes: None,
        quality_score: None,
        retired: None,
        damage: None,
    };
    match record::read(root, name, sequence) {
        Ok(record) => {
            if let Err(damage) = describe(root, &record, &mut row) {
                row.damage = Some(damage);
            }
        }
        Err(fault) => row.damage = Some(format!("record {sequence}: {}", fault.message)),
    }
    row
}

fn describe(root: &DataRoot, record: &Record, row: &mut Row) -> std::result::Result<(), String> {
    row.version = Some(record.version);
    row.recipe = Some(record.recipe);
    row.registered_at = Some(record.registered_at.clone());
    row.retired = record.retired.get(&record.version).map(|retirement| retirement.reason.clone());
    let path = root.version(&record.name, &record.version).join(DOCUMENT);
    let bytes = read_document(ItemKind::FileMissing, &path)
        .map_err(|fault| format!("`{}`: {}", root.relative(&fault.path).display(), fault.message))?;
    if Digest::of(&bytes) != record.version {
        return Err(format!("`{}`: it was edited", root.relative(&path).display()));
    }
    let document: Value =
        serde_json::from_slice(&bytes).map_err(|error: serde_json::Error| error.to_string())?;
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    row.title = text("/title");
    row.module_id = text("/module/id");
    row.module_version = text("/module/version");
    row.output = text("/output");
    row.quality_score = document.pointer("/metadata/quality_score").and_then(Value::as_f64);
    let sum = |list: &str, field: &str| {
        let items = document.get(list).and_then(Value::as_array)?;
        items
            .iter()
            .map(|item| item.get(field).and_then(Value::as_u64))
            .try_fold(0, |sum: u64, number| sum.checked_add(number?))
    };
    row.rows = sum("tables", "rows");
    let own = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    row.bytes = Some(
        own.saturating_add(sum("tables", "bytes").unwrap_or(0))
            .saturating_add(sum("matrices", "bytes").unwrap_or(0)),
    );
    Ok(())
}

/// The index's files, which `check` must not take for something foreign.
pub(super) fn is_index_file(root: &DataRoot, name: &str) -> bool {
    let index = root.index();
    let index = index.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix(&*index).is_some_and(|rest| ["", "-journal", "-wal", "-shm"].contains(&rest))
}

#[cfg(test)]
mod tests;
