//! Checks of a foreign array, as far as the C interface lets them go: it carries no length of any buffer.

use super::stream::StreamField;
use crate::arrow_c::ArrowArray;
use crate::{ColumnKind, ModuleError};

pub(super) fn malformed(why: impl std::fmt::Display) -> ModuleError {
    ModuleError::internal(format!("the module returned a malformed table: {why}"))
}

/// Whether an array is one of these columns, as far as can be seen without its length in bytes.
pub(super) fn check(batch: &ArrowArray, fields: &[StreamField]) -> Result<(), ModuleError> {
    shape(batch, "a batch", 1, 0)?;
    if usize::try_from(batch.n_children).ok() != Some(fields.len()) || batch.null_count > 0 {
        return Err(malformed(format!(
            "a batch has {} columns where the table has {}",
            batch.n_children,
            fields.len()
        )));
    }
    // SAFETY: the module says that there are so many children.
    let columns = unsafe { children(batch.children, batch.n_children) }?;
    let needed = batch.length.checked_add(batch.offset);
    for (column, field) in columns.into_iter().zip(fields) {
        let what = format!("column `{}`", field.name);
        let buffers = if field.kind == ColumnKind::Utf8 { 3 } else { 2 };
        shape(column, &what, buffers, 1)?;
        if column.n_children != 0 || !column.dictionary.is_null() || Some(column.length) < needed {
            return Err(malformed(format!("{what} has another shape than its batch")));
        }
        if field.kind == ColumnKind::Utf8 && column.length > 0 {
            text_offsets(column, &what)?;
        }
    }
    Ok(())
}

/// `required` counts the buffers, from the second on, that a column with rows cannot be without.
fn shape(array: &ArrowArray, what: &str, buffers: i64, required: usize) -> Result<(), ModuleError> {
    let rows = array.length.checked_add(array.offset).filter(|_| array.length >= 0 && array.offset >= 0);
    // Nothing of eight bytes a row fits more often into an address space.
    let Some(rows) = rows.filter(|rows| *rows <= i64::MAX / 16) else {
        return Err(malformed(format!("{what} has {} rows from {}", array.length, array.offset)));
    };
    if array.n_buffers != buffers || array.null_count < -1 || array.null_count > array.length {
        return Err(malformed(format!(
            "{what} has {} buffers and {} nulls in {} rows",
            array.n_buffers, array.null_count, array.length
        )));
    }
    if array.buffers.is_null() {
        return Err(malformed(format!("{what} has no list of buffers")));
    }
    for index in 1..=required {
        // SAFETY: the module says that the list holds `n_buffers` pointers, and there are at least so many.
        if rows > 0 && unsafe { *array.buffers.add(index) }.is_null() {
            return Err(malformed(format!("{what} has rows and no values")));
        }
    }
    // SAFETY: as above.
    if array.null_count > 0 && unsafe { *array.buffers }.is_null() {
        return Err(malformed(format!("{what} has nulls and no null map")));
    }
    Ok(())
}

/// The length of the text is the last offset, so it must make sense before anybody believes it.
fn text_offsets(column: &ArrowArray, what: &str) -> Result<(), ModuleError> {
    // SAFETY: three buffers, of which the second is not null and holds one offset more than there are rows.
    let (first, last, text) = unsafe {
        let offsets = (*column.buffers.add(1)).cast::<i32>();
        let at = |row: i64| offsets.offset(isize::try_from(row).unwrap_or_default()).read_unaligned();
        (at(column.offset), at(column.offset + column.length), *column.buffers.add(2))
    };
    if first < 0 || last < first || (last > 0 && text.is_null()) {
        return Err(malformed(format!("{what} holds text from {first} to {last}")));
    }
    Ok(())
}

/// # Safety
/// When `list` is not null, it and its elements are valid for reads as far as the module's word goes.
pub(super) unsafe fn children<'a, T>(list: *mut *mut T, count: i64) -> Result<Vec<&'a T>, ModuleError> {
    if list.is_null() && count > 0 {
        return Err(malformed("its columns are nowhere"));
    }
    (0..usize::try_from(count).unwrap_or_default())
        .map(|index| {
            // SAFETY: see above.
            let child = unsafe { *list.add(index) };
            // SAFETY: see above; null and misaligned ones are told apart.
            let child = if child.is_aligned() { unsafe { child.as_ref() } } else { None };
            child.ok_or_else(|| malformed("a column is nowhere"))
        })
        .collect()
}
