//! A disk with a cache in front of it: what processes see, and what would be left of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::calls::Call;

/// What is on a disk: contents by path, nothing for a folder.
pub(super) type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

type Entries = BTreeMap<String, usize>;

/// A file or a folder, as it is seen and as it was last synced.
#[derive(Debug)]
enum Node {
    File { seen: Vec<u8>, synced: Vec<u8> },
    Folder { seen: Entries, synced: Entries },
}

/// Everything below one folder.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// The first is what holds the root.
    nodes: Vec<Node>,
    /// Where the next byte of an open file goes, by its number; nothing where bytes are appended.
    positions: BTreeMap<String, Option<usize>>,
}

impl Disk {
    /// What is there now, all of it synced.
    pub(super) fn of(root: &Path) -> Self {
        let nodes = vec![Node::Folder { seen: Entries::new(), synced: Entries::new() }];
        let mut disk = Self { root: root.to_owned(), nodes, positions: BTreeMap::new() };
        if root.is_dir() {
            disk.add(root);
        }
        disk
    }

    fn add(&mut self, path: &Path) {
        let node = if path.is_dir() {
            Node::Folder { seen: Entries::new(), synced: Entries::new() }
        } else {
            let bytes = std::fs::read(path).unwrap();
            Node::File { seen: bytes.clone(), synced: bytes }
        };
        self.link(path, node);
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                self.add(&entry.unwrap().path());
            }
        }
        let (folder, _) = self.place(path).unwrap();
        self.sync(folder);
    }

    /// The folder of a path, and the name in it.
    fn place(&self, path: &Path) -> Option<(usize, String)> {
        let name = path.file_name()?.to_str()?.to_owned();
        if path == self.root { Some((0, name)) } else { Some((self.find(path.parent()?)?, name)) }
    }

    fn find(&self, path: &Path) -> Option<usize> {
        if path == self.root.parent()? {
            return Some(0);
        }
        let (folder, name) = path.starts_with(&self.root).then(|| self.place(path))??;
        self.entries(folder).get(&name).copied()
    }

    fn entries(&self, folder: usize) -> &Entries {
        let Node::Folder { seen, .. } = &self.nodes[folder] else { panic!("no folder") };
        seen
    }

    fn entries_mut(&mut self, folder: usize) -> &mut Entries {
        let Node::Folder { seen, .. } = &mut self.nodes[folder] else { panic!("no folder") };
        seen
    }

    fn content(&mut self, file: usize) -> &mut Vec<u8> {
        let Node::File { seen, .. } = &mut self.nodes[file] else { panic!("no file") };
        seen
    }

    fn link(&mut self, path: &Path, node: Node) {
        let (folder, name) = self.place(path).unwrap_or_else(|| panic!("no place for {}", path.display()));
        self.nodes.push(node);
        let new = self.nodes.len() - 1;
        self.entries_mut(folder).insert(name, new);
    }

    fn sync(&mut self, node: usize) {
        match &mut self.nodes[node] {
            Node::File { seen, synced } => synced.clone_from(seen),
            Node::Folder { seen, synced } => synced.clone_from(seen),
        }
    }

    /// Does a call to the disk, if it concerns it. Says whether it did.
    pub(super) fn does(&mut self, call: &Call) -> bool {
        match call.name.as_str() {
            "openat" => self.open(call),
            "write" | "pwrite64" => self.write(call),
            "ftruncate" => self.on_file(call, |disk, file| disk.content(file).resize(call.number(1), 0)),
            "fsync" | "fdatasync" => self.on_file(call, Self::sync),
            "mkdir" | "mkdirat" => self.make_folder(&call.path(usize::from(call.name == "mkdirat"))),
            "rename" => self.move_to(&call.path(0), &call.path(1), false),
            "renameat" | "renameat2" => self.move_to(&call.path(1), &call.path(3), false),
            "link" => self.move_to(&call.path(0), &call.path(1), true),
            "linkat" => self.move_to(&call.path(1), &call.path(3), true),
            "unlink" | "rmdir" => self.remove(&call.path(0)),
            "unlinkat" => self.remove(&call.path(1)),
            // Modes are not in the model.
            "chmod" | "fchmod" | "fchmodat" => false,
            _ => {
                let here = |at: usize| call.file(at).is_some_and(|(_, path)| path.starts_with(&self.root));
                assert!(!here(0), "a call that nobody thought of: {call:?}");
                false
            }
        }
    }

    fn open(&mut self, call: &Call) -> bool {
        let path = call.path(1);
        if !path.starts_with(&self.root) {
            return false;
        }
        let is_new = self.find(&path).is_none();
        if is_new && call.has("O_CREAT") {
            self.link(&path, Node::File { seen: Vec::new(), synced: Vec::new() });
        }
        if let Some((number, _)) = call.opened() {
            self.positions.insert(number, (!call.has("O_APPEND")).then_some(0));
        }
        let empties = call.has("O_TRUNC");
        if let Some(file) = self.find(&path).filter(|_| empties) {
            self.content(file).clear();
        }
        empties || is_new
    }

    fn write(&mut self, call: &Call) -> bool {
        let bytes = call.bytes(1);
        let Some((number, _)) = call.file(0) else { return false };
        let position = self.positions.get(&number).copied();
        self.on_file(call, |disk, file| {
            let length = disk.content(file).len();
            let at = match call.name.as_str() {
                "pwrite64" => call.number(3),
                _ => position.expect("it was opened").unwrap_or(length),
            };
            let content = disk.content(file);
            content.resize(length.max(at + bytes.len()), 0);
            content[at..at + bytes.len()].copy_from_slice(&bytes);
            if call.name == "write" && position.flatten().is_some() {
                disk.positions.insert(number, Some(at + bytes.len()));
            }
        })
    }

    /// On the open file that is the first argument, as long as it has a name here.
    fn on_file(&mut self, call: &Call, act: impl FnOnce(&mut Self, usize)) -> bool {
        let node = call.file(0).and_then(|(_, path)| self.find(&path));
        if let Some(node) = node {
            act(self, node);
        }
        node.is_some()
    }

    fn make_folder(&mut self, path: &Path) -> bool {
        let here = path.starts_with(&self.root);
        if here {
            self.link(path, Node::Folder { seen: Entries::new(), synced: Entries::new() });
        }
        here
    }

    fn move_to(&mut self, from: &Path, to: &Path, stays: bool) -> bool {
        let Some(node) = self.find(from) else { return false };
        let (folder, name) = self.place(to).expect("nothing leaves the data root");
        self.entries_mut(folder).insert(name, node);
        stays || self.remove(from)
    }

    fn remove(&mut self, path: &Path) -> bool {
        let here = self.find(path).is_some();
        if here {
            let (folder, name) = self.place(path).unwrap();
            self.entries_mut(folder).remove(&name);
        }
        here
    }

    /// What is there when all that was not synced is lost.
    pub(super) fn synced(&self) -> Image {
        self.image(|node| match node {
            Node::File { synced, .. } => (None, Some(synced)),
            Node::Folder { synced, .. } => (Some(synced), None),
        })
    }

    /// What is there when names came to the disk at once, and data only when they were synced.
    pub(super) fn names_before_data(&self) -> Image {
        self.image(|node| match node {
            Node::File { synced, .. } => (None, Some(synced)),
            Node::Folder { seen, .. } => (Some(seen), None),
        })
    }

    /// Files as processes see them.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let seen = self.image(|node| match node {
            Node::File { seen, .. } => (None, Some(seen)),
            Node::Folder { seen, .. } => (Some(seen), None),
        });
        seen.into_iter().filter_map(|(path, content)| Some((path, content?))).collect()
    }

    fn image(&self, view: impl Fn(&Node) -> (Option<&Entries>, Option<&Vec<u8>>)) -> Image {
        let mut image = Image::new();
        // The root itself has no name in the image.
        let top = view(&self.nodes[0]).0.unwrap().values().map(|&node| (PathBuf::new(), node));
        let mut open: Vec<(PathBuf, usize)> = top.collect();
        while let Some((path, node)) = open.pop() {
            let (entries, content) = view(&self.nodes[node]);
            for (name, node) in entries.into_iter().flatten() {
                open.push((path.join(name), *node));
            }
            image.insert(path, content.cloned());
        }
        image
    }
}

/// Makes an image real.
pub(super) fn build(image: &Image, root: &Path) {
    // A folder comes before what is in it.
    for (path, content) in image {
        let path = if path.as_os_str().is_empty() { root.to_owned() } else { root.join(path) };
        match content {
            None => std::fs::create_dir(path).unwrap(),
            #[expect(clippy::disallowed_methods, reason = "what a power cut leaves")]
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
        }
    }
}
