//! Folders that must be there and be the host's own.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Files, Finding, Repair};
use crate::registry::DataRoot;

/// Folders that are missing, are none, or belong to somebody else.
#[must_use]
pub fn folders(files: &Files) -> Vec<Finding> {
    // Without a registry there is no data root yet, which is told elsewhere.
    if !files.registry_directory.join("audit").is_dir() {
        return Vec::new();
    }
    let root = DataRoot::unopened(&files.data_root, &files.registry_directory);
    let own = rustix::process::geteuid().as_raw();
    let mut needed: Vec<PathBuf> = root.directories().collect();
    needed.extend([files.log_directory.clone(), files.cache_directory.clone()]);
    let mut findings: Vec<Finding> = needed.iter().filter_map(|folder| missing(folder.as_path())).collect();
    findings.extend(owner(&files.data_root, own));
    findings.extend(owner(&files.registry_directory, own));
    findings
}

fn missing(folder: &Path) -> Option<Finding> {
    let shown = folder.display();
    match fs_err::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => None,
        Ok(_) => Some(Finding::new(
            "folders",
            format!("`{shown}` is no folder"),
            "what belongs into it cannot be written",
            format!("move it away: `mv {shown} {shown}.away`, then type `host doctor --fix`"),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(
            Finding::new(
                "folders",
                format!("`{shown}` is missing"),
                "what belongs into it cannot be written",
                "type `host doctor --fix` to make it",
            )
            .fixed_by(Repair::Folder(folder.to_owned())),
        ),
        Err(error) => Some(Finding::new(
            "folders",
            error.to_string(),
            "what lies in it cannot be read",
            format!("type `ls -ld {shown}` and give it to the user that the host runs as"),
        )),
    }
}

fn owner(folder: &Path, own: u32) -> Option<Finding> {
    let owner = fs_err::metadata(folder).ok()?.uid();
    (owner != own).then(|| {
        let shown = folder.display();
        Finding::new(
            "folders",
            format!("`{shown}` belongs to user {owner}, and this is user {own}"),
            "what one of them writes the other cannot replace",
            format!("run the host as that user, or type `chown -R {own} {shown}`"),
        )
    })
}
