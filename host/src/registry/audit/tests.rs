#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::registry::testing::Fixture;

fn action(number: usize) -> Action {
    Action {
        time: "2026-01-01T00:00:00Z".to_owned(),
        actor: "test".to_owned(),
        action: "test".to_owned(),
        subject: format!("subject {number}"),
        details: json!({"number": number}),
    }
}

fn logged(lines: usize) -> (Fixture, AuditLog) {
    let fixture = Fixture::new();
    for number in 1..=lines {
        fixture.registry.log(&action(number)).unwrap();
    }
    let log = fixture.registry.audit();
    (fixture, log)
}

fn raw(log: &AuditLog) -> Vec<String> {
    fs_err::read_to_string(log.path()).unwrap().lines().map(str::to_owned).collect()
}

fn write(log: &AuditLog, lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    fs_err::write(log.path(), if lines.is_empty() { "" } else { &text }).unwrap();
}

#[track_caller]
fn assert_broken(log: &AuditLog, line: u64, kind: BreakKind) {
    let broken = log.verify().unwrap().broken.unwrap();
    assert_eq!((broken.line, broken.kind), (line, kind), "{}", broken.message);
}

#[test]
fn an_intact_log_verifies_and_reads_back() {
    let (_fixture, log) = logged(5);
    let verification = log.verify().unwrap();
    assert!(verification.intact() && verification.interrupted.is_none());
    assert_eq!(verification.lines, 5);
    assert_eq!(verification.head, log.read_head().unwrap());
    let entries: Vec<Entry> = log.entries().unwrap().map(Result::unwrap).collect();
    assert_eq!(entries[0].previous_sha256, Digest::ZERO);
    assert_eq!(entries[4].subject, "subject 5");
    assert_eq!(entries[4].process, std::process::id());
    assert_eq!(entries[4].machine, crate::platform::machine_name());
}

#[test]
fn lines_of_hosts_that_noted_no_machine_are_what_they_were() {
    let (_fixture, log) = logged(1);
    let mut old = log.entries().unwrap().next().unwrap().unwrap();
    old.machine.clear();
    let line = String::from_utf8(old.line()).unwrap();
    assert!(!line.contains("machine"), "{line}");
    let read = super::parse(line.trim_end().as_bytes()).unwrap();
    assert_eq!(read.line(), line.as_bytes());
}

#[test]
fn an_empty_log_is_intact() {
    let (_fixture, log) = logged(0);
    assert_eq!(log.verify().unwrap().lines, 0);
    assert!(log.verify().unwrap().intact());
    assert_eq!(log.entries().unwrap().count(), 0);
}

#[test]
fn an_edited_line_is_named() {
    let (_fixture, log) = logged(5);
    let mut lines = raw(&log);
    lines[2] = lines[2].replace("subject 3", "subject 8");
    write(&log, &lines);
    assert_broken(&log, 3, BreakKind::Edited);
    assert_eq!(log.entries().unwrap().filter(Result::is_err).count(), 1);
}

#[test]
fn a_line_made_anew_is_named() {
    let (_fixture, log) = logged(5);
    let mut lines = raw(&log);
    let mut value: Value = serde_json::from_str(&lines[2]).unwrap();
    value["subject"] = json!("forged");
    lines[2] = String::from_utf8(sealed::compact(&sealed::seal(value))).unwrap();
    write(&log, &lines);
    assert_broken(&log, 3, BreakKind::Edited);
    let mut value: Value = serde_json::from_str(&lines[4]).unwrap();
    value["subject"] = json!("forged");
    let mut lines = raw(&logged(5).1);
    lines[4] = String::from_utf8(sealed::compact(&sealed::seal(value))).unwrap();
    write(&log, &lines);
    assert!(!log.verify().unwrap().intact(), "the head tells of another last line");
}

#[test]
fn removed_lines_are_named() {
    let (_fixture, log) = logged(5);
    let mut lines = raw(&log);
    lines.drain(1..3);
    write(&log, &lines);
    assert_broken(&log, 2, BreakKind::Removed);
    assert!(log.verify().unwrap().broken.unwrap().message.contains("lines 2 to 3 were removed"));
}

#[test]
fn a_removed_end_is_named() {
    let (fixture, log) = logged(5);
    let lines = raw(&log);
    for kept in 0..5 {
        write(&log, &lines[..kept]);
        assert_broken(&log, kept as u64 + 1, BreakKind::Truncated);
    }
    fs_err::remove_file(log.path()).unwrap();
    assert_broken(&log, 1, BreakKind::Truncated);
    write(&log, &lines[..3]);
    fixture.registry.log(&action(6)).unwrap();
    assert_broken(&log, 4, BreakKind::Removed);
}

#[test]
fn reordered_and_repeated_lines_are_named() {
    let (_fixture, log) = logged(5);
    let mut lines = raw(&log);
    lines.swap(1, 3);
    write(&log, &lines);
    assert_broken(&log, 2, BreakKind::Reordered);
    lines.swap(1, 3);
    lines.insert(2, lines[1].clone());
    write(&log, &lines);
    assert_broken(&log, 3, BreakKind::Repeated);
}

#[test]
fn an_interrupted_append_is_no_damage_and_mended() {
    for lines in [1, 5] {
        let (fixture, log) = logged(lines);
        let (before, head) = (fs_err::read(log.path()).unwrap(), fs_err::read(log.head_path()).unwrap());
        fixture.registry.log(&action(lines + 1)).unwrap();
        let after = fs_err::read(log.path()).unwrap();
        for cut in [before.len(), before.len() + 1, after.len() - 1, after.len()] {
            fs_err::write(log.path(), &after[..cut]).unwrap();
            fs_err::write(log.head_path(), &head).unwrap();
            let verification = log.verify().unwrap();
            assert!(verification.intact(), "{verification:?}");
            assert_eq!(verification.interrupted.is_some(), cut > before.len());
            fixture.registry.log(&action(9)).unwrap();
            let verification = log.verify().unwrap();
            assert!(verification.intact() && verification.interrupted.is_none(), "{verification:?}");
            let survived = u64::from(cut == after.len());
            assert_eq!(verification.lines, lines as u64 + 1 + survived);
        }
    }
}

#[test]
fn the_first_append_may_be_interrupted_too() {
    let (fixture, log) = logged(1);
    let line = fs_err::read(log.path()).unwrap();
    for cut in [0, 1, line.len() - 1, line.len()] {
        fs_err::remove_file(log.head_path()).unwrap();
        fs_err::write(log.path(), &line[..cut]).unwrap();
        assert!(log.verify().unwrap().intact());
        fixture.registry.log(&action(2)).unwrap();
        assert!(log.verify().unwrap().intact());
    }
}

#[test]
fn a_complete_line_that_lost_its_end_is_kept_as_evidence() {
    let (fixture, log) = logged(3);
    let bytes = fs_err::read(log.path()).unwrap();
    fs_err::write(log.path(), &bytes[..bytes.len() - 5]).unwrap();
    assert_broken(&log, 3, BreakKind::Truncated);
    fixture.registry.log(&action(4)).unwrap();
    assert_broken(&log, 3, BreakKind::Edited);
    assert_eq!(raw(&log).len(), 4);
}

#[test]
fn a_lost_head_is_named_and_its_loss_logged() {
    let (fixture, log) = logged(3);
    for damage in [None, Some(&b"{"[..])] {
        match damage {
            None => fs_err::remove_file(log.head_path()).unwrap(),
            Some(bytes) => fs_err::write(log.head_path(), bytes).unwrap(),
        }
        assert_eq!(log.verify().unwrap().broken.unwrap().kind, BreakKind::Head);
        fixture.registry.log(&action(4)).unwrap();
        assert!(log.verify().unwrap().intact());
        let actions: Vec<_> = log.entries().unwrap().map(|entry| entry.unwrap().action).collect();
        assert_eq!(actions[actions.len() - 2..], ["head-restored", "test"]);
    }
}

#[test]
fn long_lines_are_read_and_longer_ones_refused() {
    let (fixture, log) = logged(1);
    let mut long = action(2);
    long.details = json!("x".repeat(200_000));
    fixture.registry.log(&long).unwrap();
    fixture.registry.log(&action(3)).unwrap();
    assert!(log.verify().unwrap().intact());
    long.details = json!("x".repeat(1024 * 1024));
    assert_eq!(fixture.registry.log(&long).unwrap_err().kind, Kind::Limit);
    assert!(log.verify().unwrap().intact());
    fs_err::write(log.path(), vec![b'x'; 3 * 1024 * 1024]).unwrap();
    assert!(!log.verify().unwrap().intact());
    assert!(fixture.registry.log(&action(4)).is_ok());
}

#[test]
fn secrets_are_not_logged() {
    let (fixture, log) = logged(0);
    let mut action = action(1);
    action.details = json!({"a": [{"Api-Key": "hidden"}], "password_file": {"x": "hidden"}, "name": "shown"});
    fixture.registry.log(&action).unwrap();
    let text = fs_err::read_to_string(log.path()).unwrap();
    assert!(!text.contains("hidden") && text.contains("shown"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_are_verified_and_appended_to(bytes in any::<Vec<u8>>(), head in any::<Vec<u8>>()) {
        let (fixture, log) = logged(0);
        fs_err::write(log.path(), bytes).unwrap();
        fs_err::write(log.head_path(), head).unwrap();
        log.verify().unwrap();
        fixture.registry.log(&action(1)).unwrap();
        fixture.registry.log(&action(2)).unwrap();
        let last = log.entries().unwrap().last().unwrap().unwrap();
        prop_assert_eq!(last.subject, "subject 2");
    }
}

#[test]
fn the_last_line_of_a_dataset_is_found_across_windows_and_none_of_another() {
    let (fixture, log) = logged(0);
    let tell = |name: &str, sequence: u64, note: &str| {
        let digest = Digest::of(note.as_bytes()).to_string();
        let details = json!({
            "sequence": sequence, "version": digest, "record_sha256": digest, "provenance_sha256": digest, "note": note,
        });
        fixture.registry.log(&Action { subject: name.to_owned(), details, ..action(1) }).unwrap();
    };
    let name = |text: &str| DatasetName::new(text).unwrap();
    let last = |text: &str| log.last_of(&name(text)).unwrap().map(|line| line.sequence);
    assert_eq!(last("one"), None);
    tell("one", 1, "first");
    tell("one", 2, "\"subject\":\"two\"");
    assert_eq!((last("one"), last("two"), last("on")), (Some(2), None, None));
    // Longer than what is read at a time, and ends of lines at any place of it.
    for number in 1..12 {
        tell("two", number, &"x".repeat(100_000));
    }
    assert_eq!((last("one"), last("two")), (Some(2), Some(11)));
    crate::durable::append_line(&log.path(), br#"{"subject":"one""#).unwrap();
    assert_eq!(last("one"), Some(2));
}
