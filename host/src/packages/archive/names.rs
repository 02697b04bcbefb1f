//! Which names a file of a package may have: those that mean the same on every system.

use std::collections::BTreeMap;

/// Most bytes of a path.
pub const PATH_LIMIT_BYTES: usize = 200;

/// Checks a path: plain components of `[A-Za-z0-9._+-]`, relative, none hidden.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence.
pub fn check(path: &str) -> Result<(), &'static str> {
    if path.len() > PATH_LIMIT_BYTES {
        return Err("has a name of more than 200 bytes");
    }
    path.split('/').try_for_each(check_component)
}

/// Checks one component of a path.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence.
pub fn check_component(component: &str) -> Result<(), &'static str> {
    match component {
        "" => Err("has an absolute path or an empty folder name"),
        ".." => Err("leads out of the package"),
        name if name.starts_with('.') => Err("has a component that begins with `.`"),
        name if name.starts_with('-') => Err("has a component that begins with `-`"),
        name if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte)) => {
            Err("has letters other than `A-Z a-z 0-9 . _ + -` in its name")
        }
        _ => Ok(()),
    }
}

/// The paths that were seen, and the folders that they imply, in lower case.
#[derive(Debug, Default)]
pub(super) struct Seen {
    by_lower_case: BTreeMap<String, (String, Use)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Use {
    File,
    Folder,
}

impl Seen {
    /// Takes a path in; it must be no path again, nor the same in other case, nor a file that is a folder elsewhere.
    pub(super) fn add(&mut self, path: &str) -> Result<(), String> {
        let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        for (name, meaning) in folders.map(|folder| (folder, Use::Folder)).chain([(path, Use::File)]) {
            match self.by_lower_case.get(&name.to_ascii_lowercase()) {
                Some((other, _)) if other != name => {
                    return Err(format!("differs only in case from `{other}`"));
                }
                Some((_, Use::Folder)) if meaning == Use::Folder => {}
                Some((_, Use::File)) if meaning == Use::File => return Err("is there twice".to_owned()),
                Some(_) => return Err(format!("makes `{name}` a file and a folder")),
                None => {
                    self.by_lower_case.insert(name.to_ascii_lowercase(), (name.to_owned(), meaning));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_names_pass() {
        for path in ["plugin.toml", "lib/x86_64-unknown-linux-gnu/libfoo.so", "LICENSE-MIT", "docs/a+b.1"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".hidden",
            "a/.hidden",
            "C:/x",
            "a\\b",
            "a b",
            "é",
            "a\0",
            "a\n",
            "-rf",
            "docs/-x",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
        assert!(check(&"a".repeat(201)).is_err());
    }

    #[test]
    fn the_same_name_in_another_way_is_noticed() {
        for (first, second) in
            [("a", "a"), ("a", "A"), ("docs/a", "Docs/b"), ("a", "a/b"), ("a/b", "a"), ("x/y/z", "x/Y")]
        {
            let mut seen = Seen::default();
            seen.add(first).unwrap();
            assert!(seen.add(second).is_err(), "{first} {second}");
        }
        let mut seen = Seen::default();
        assert_eq!(seen.add("docs/a").and_then(|()| seen.add("docs/b")), Ok(()));
    }
}
