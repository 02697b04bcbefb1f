//! What does not come in, and what does not run any more.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tests::{Outcome, tree};

use super::life::server_of;
use super::world::World;

/// Demands that installing fails with 12, says these texts and leaves no trace.
fn refuse(world: &World, arguments: &[&str], texts: &[&str]) {
    let files = |world: &World| {
        let mut files = tree(&world.store());
        files.retain(|path, _| path != Path::new(".lock"));
        files
    };
    let before = files(world);
    let _ = world.run(&[&["plugin"], arguments].concat()).failure(12, texts);
    assert_eq!(files(world), before, "a refusal changed the store");
    world.assert_tidy();
}

#[expect(clippy::disallowed_methods, reason = "damage on purpose")]
fn flip(file: &Path, position: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[position] ^= 1;
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::write(file, bytes).unwrap();
}

pub(super) fn unsigned() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", None);
    refuse(&world, &["install", &package], &["`light_curve` 0.3.0 is not signed", "--allow-unsigned"]);
    let said = world.ok(&["plugin", "install", "--allow-unsigned", &package]).stdout;
    assert!(said.contains("by nobody"), "{said}");
    assert_eq!(world.row()["trust"], "unsigned");
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
    let receipt = std::fs::read_to_string(world.store().join("light_curve/receipt.json")).unwrap();
    assert!(receipt.contains("\"allowed_unsigned\": true"), "{receipt}");
    // Where signatures are demanded nobody can vouch for himself.
    let _ = world.ok(&["plugin", "remove", "light_curve"]);
    world.demand_signature();
    refuse(&world, &["install", "--allow-unsigned", &package], &["counts for nothing", "plugins.trust"]);
}

pub(super) fn stranger() {
    let world = World::new();
    world.key("stranger");
    let package = world.pack("0.3.0", "packages", Some("stranger"));
    refuse(&world, &["install", &package], &["no trusted key signed", "host trust add", "--allow-unsigned"]);
    // A signature that counts for nothing is as good as none.
    let _ = world.ok(&["plugin", "install", "--allow-unsigned", &package]);
    assert_eq!(world.row()["trust"], "unsigned");
    // As soon as it counts, installing again makes it a signed one.
    let _ = world.ok(&["trust", "add", "stranger.pub", "--name", "stranger"]);
    let _ = world.ok(&["plugin", "install", &package]);
    assert_eq!(world.row()["trust"], "signed");
    // One that says that a trusted key made it, and does not fit, is a forgery whatever is allowed.
    let _ = world.ok(&["plugin", "remove", "light_curve"]);
    flip(&world.path(&format!("{package}.minisig")), 200);
    refuse(&world, &["install", "--allow-unsigned", &package], &["signature"]);
}

pub(super) fn other_key() {
    let world = World::new();
    world.key("other");
    let _ = world.ok(&["trust", "add", "other.pub", "--name", "other"]);
    let old = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &old]);
    let new = world.pack("0.4.0", "packages", Some("other"));
    refuse(
        &world,
        &["upgrade", "light_curve"],
        &["by another key", "`author`", "`other`", "--allow-other-key"],
    );
    std::fs::remove_file(world.path(&format!("{new}.minisig"))).unwrap();
    refuse(&world, &["upgrade", "light_curve"], &["is not signed", "--allow-unsigned"]);
    let _ = world.ok(&["plugin", "upgrade", "light_curve", "--allow-unsigned"]);
    assert_eq!(world.row()["trust"], "unsigned");
    let _ = world.ok(&["plugin", "rollback", "light_curve"]);
    assert_eq!(world.row()["trust"], "signed");
    let _ = world.ok(&["plugin", "remove", "light_curve@0.4.0"]);
    std::fs::remove_file(world.path(&new)).unwrap();
    world.pack("0.4.0", "packages", Some("other"));
    let _ = world.ok(&["plugin", "upgrade", "light_curve", "--allow-other-key"]);
    assert_eq!(world.row()["signer"]["name"], "other");
}

/// A changed byte anywhere: of the package, with a signature and without.
pub(super) fn changed_byte() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let length = usize::try_from(world.path(&package).metadata().unwrap().len()).unwrap();
    for (number, position) in [0, 5, 40, length / 3, length / 2, length - 5].into_iter().enumerate() {
        let folder = format!("damaged-{number}");
        let damaged = world.path(&folder).join("light_curve-0.3.0.hostplugin");
        std::fs::create_dir(world.path(&folder)).unwrap();
        std::fs::copy(world.path(&package), &damaged).unwrap();
        flip(&damaged, position);
        for flags in [&[][..], &["--allow-unsigned"]] {
            let arguments = [&["plugin", "install", damaged.to_str().unwrap()], flags].concat();
            let Outcome { code, stderr, .. } = world.run(&arguments);
            assert!(matches!(code, Some(12 | 15 | 16)), "byte {position}: {code:?} {stderr}");
            assert!(!world.store().exists(), "byte {position} left something");
        }
    }
}

pub(super) fn changed_library() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let library: PathBuf = world.row()["path"].as_str().unwrap().into();
    let bytes = std::fs::read(&library).unwrap();
    // In the code, far from what the library says of itself.
    flip(&library, bytes.len() / 2);
    let row = world.row();
    assert_eq!(row["status"], "changed", "{row:#}");
    for plugin in ["light_curve", "light_curve@0.3.0"] {
        let _ = world
            .run(&["prepare", "--plugin", plugin])
            .failure(12, &["is not what was installed", "host plugin install"]);
    }
    // The same package again mends it.
    let _ = world.ok(&["plugin", "install", &package]);
    assert_eq!(std::fs::read(&library).unwrap(), bytes);
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
    // A version that could not run is not switched to.
    world.pack("0.4.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "upgrade", "light_curve"]);
    flip(&library, bytes.len() / 2);
    let _ = world.run(&["plugin", "rollback", "light_curve"]).failure(12, &["is not what was installed"]);
    assert_eq!(world.row()["version"], "0.4.0");
}

pub(super) fn removed_key() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    world.demand_signature();
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
    let _ = world.ok(&["trust", "remove", "author"]);
    let _ =
        world.run(&["prepare", "--plugin", "light_curve", "--name", "second"]).failure(12, &["light_curve"]);
    assert_eq!(world.row()["status"], "untrusted");
    refuse(&world, &["install", &package], &["no trusted key signed", "host trust add"]);
}

pub(super) fn locked() {
    let world = World::new();
    let old = world.pack("0.3.0", "packages", Some("author"));
    let new = world.pack("0.4.0", "more", Some("author"));
    refuse(&world, &["install", "--locked", &old], &["plugins.lock"]);
    let _ = world.ok(&["plugin", "install", &old]);
    let _ = world.ok(&["plugin", "lock", "light_curve"]);
    refuse(&world, &["install", &new], &["plugins.lock", "0.3.0"]);
    let _ = world.ok(&["plugin", "remove", "light_curve"]);
    let _ = world.ok(&["plugin", "install", "--locked", &old]);
    assert_eq!(world.row()["trust"], "locked-signed");
}

pub(super) fn other_bytes() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", None);
    let _ = world.ok(&["plugin", "install", "--allow-unsigned", &package]);
    // The same library beside another licence is another package.
    let library = super::world::library("0.3.0");
    let beside = world.path("beside");
    std::fs::create_dir(&beside).unwrap();
    std::fs::copy(&library, beside.join("liblight_curve.so")).unwrap();
    let _ = world.sandbox.write("beside/LICENSE", "other words");
    let _ = world.ok(&["plugin", "pack", "beside/liblight_curve.so", "--output", "other"]);
    let other = "other/light_curve-0.3.0.hostplugin";
    refuse(
        &world,
        &["install", "--allow-unsigned", other],
        &[
            "`light_curve` 0.3.0 is installed already, with other bytes",
            "host plugin remove light_curve@0.3.0",
        ],
    );
}

#[expect(clippy::disallowed_methods, reason = "damage on purpose")]
pub(super) fn damaged_receipt() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let other = world.store().join("another/receipt.json");
    std::fs::create_dir(other.parent().unwrap()).unwrap();
    std::fs::write(&other, "{").unwrap();
    let listing = world.data(&["plugin", "list"]);
    let rows = listing["modules"].as_array().unwrap();
    let installed = |status: &str| {
        rows.iter().filter(|row| row["origin"] == "installed" && row["status"] == status).count()
    };
    assert_eq!((installed("broken"), installed("usable")), (1, 1), "{listing:#}");
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
    let _ = world
        .run(&["prepare", "--plugin", "another"])
        .failure(12, &["receipt of module `another` is damaged"]);
    let _ = world.ok(&["plugin", "remove", "another"]);
    assert!(!other.exists());
}

pub(super) fn writable() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let folder = world.store().join("light_curve/0.3.0");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    let _ = world.run(&["prepare", "--plugin", "light_curve"]).failure(12, &["chmod go-w"]);
    let row = world.row();
    assert_eq!(row["status"], "untrusted", "{row:#}");
    // Whoever verifies it hears the same reason, not that it was named by its path.
    let verified = world.run(&["plugin", "verify"]).failure(12, &["refused"]);
    assert!(
        verified.stdout.contains("light_curve") && verified.stdout.contains("chmod go-w"),
        "{verified:?}"
    );
    assert!(!verified.stdout.contains("is a file of an installed module"), "{verified:?}");
}

/// It blocked every later change of the store.
#[expect(clippy::disallowed_methods, reason = "a link by hand")]
pub(super) fn link() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let own = world.sandbox.path("home/own");
    let link = |place: &Path| {
        std::fs::rename(place, &own).unwrap();
        std::os::unix::fs::symlink(&own, place).unwrap();
    };
    let folder = world.store().join("light_curve");
    let refused = |what: &str| {
        let text = format!("a link is in place of {what}");
        let _ =
            world.run(&["prepare", "--plugin", "light_curve"]).failure(12, &[&text, "host plugin remove"]);
        assert_eq!(world.row()["status"], "untrusted");
        let verified = world.run(&["plugin", "verify"]).failure(12, &["refused"]);
        assert!(verified.stdout.contains(&text), "{verified:?}");
    };
    link(&folder.join("0.3.0"));
    refused("version 0.3.0 of `light_curve`");
    let _ = world.ok(&["plugin", "install", &package]);
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
    std::fs::remove_dir_all(&own).unwrap();
    link(&folder);
    refused("module `light_curve`");
    let _ = world.run(&["plugin", "install", &package]).failure(12, &["host plugin remove light_curve"]);
    let before = tree(&own);
    let _ = world.ok(&["plugin", "remove", "light_curve"]);
    assert_eq!(tree(&own), before, "what the link led to stays");
    let _ = world.ok(&["plugin", "install", &package]);
    assert_eq!(world.prepared("light_curve", "second"), "0.3.0");
    world.assert_tidy();
}

pub(super) fn index() {
    let world = World::new();
    world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "index", "packages"]);
    let index = std::fs::read_to_string(world.path("packages/index.json")).unwrap();
    let server = server_of(&world.path("packages"));
    let other = index.replace("\"version\": \"0.3.0\"", "\"version\": \"0.9.0\"");
    let _ = world.sandbox.write("packages/index.json", other);
    refuse(&world, &["install", &server.url("")], &["is another module", "0.9.0"]);
    let _ = world.sandbox.write("packages/index.json", &index);
    flip(&world.path("packages/light_curve-0.3.0.hostplugin"), 100);
    refuse(&world, &["install", &server.url("")], &["is not the package that its index lists"]);
    let _ = world.sandbox.write("packages/index.json", index.replace("light_curve-0", "../light_curve-0"));
    let _ = world.run(&["plugin", "install", &server.url("")]).failure(16, &["no name of a package"]);
}

/// Neither in place of it, nor by the path of its file.
#[expect(clippy::disallowed_methods, reason = "damage on purpose")]
pub(super) fn stand_in() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let other = world.sandbox.path("home/.pbuf/plugins");
    std::fs::copy(super::world::library("0.3.0"), other.join("liblight_curve.so")).unwrap();
    let mut installed = tests::tree(&world.store()).into_keys();
    let library = installed.find(|path| path.extension().is_some_and(|end| end == "so")).unwrap();
    let library = world.store().join(library).display().to_string();
    let _ = world.run(&["prepare", "--plugin", &library]).failure(12, &["--plugin light_curve@0.3.0"]);
    std::fs::write(world.store().join("light_curve/receipt.json"), "{").unwrap();
    let texts = ["installed module `light_curve` cannot be used", "host plugin remove light_curve"];
    let _ = world.run(&["prepare", "--plugin", "light_curve"]).failure(12, &texts);
    let _ = world.ok(&["plugin", "remove", "light_curve"]);
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
}

#[expect(clippy::disallowed_methods, reason = "damage on purpose")]
pub(super) fn newer_unsigned() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", None);
    let _ = world.ok(&["plugin", "install", "--allow-unsigned", &package]);
    let _ = world.pack("0.4.0", "packages", None);
    refuse(&world, &["upgrade", "light_curve"], &["`light_curve` 0.4.0 is not signed", "--allow-unsigned"]);
    // A damaged neighbour is told of, and keeps nobody from being upgraded.
    let other = world.store().join("another/receipt.json");
    std::fs::create_dir(other.parent().unwrap()).unwrap();
    std::fs::write(&other, "{").unwrap();
    let outcome = world.run(&["plugin", "upgrade", "--all", "--allow-unsigned"]);
    assert!(outcome.code != Some(0) && outcome.stdout.contains("0.4.0"), "{outcome:?}");
    assert_eq!(world.prepared("light_curve", "first"), "0.4.0");
}
