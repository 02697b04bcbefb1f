use std::sync::Barrier;

use super::*;
use crate::error::{Error, Kind};

fn beginning() -> Beginning {
    Beginning {
        id: None,
        command: "prepare",
        request: Request { datasets: vec!["moon".to_owned()], ..Request::default() },
        actor: "tester".to_owned(),
        trigger: Trigger::Cli,
        resumes: None,
    }
}

fn journal() -> (tempfile::TempDir, Journal) {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::of(&directory.path().join("logs"));
    (directory, journal)
}

fn ends(journal: &Journal, id: &RunId) -> usize {
    let mut ends = 0;
    journal
        .for_each_line(id, |line| {
            ends += usize::from(matches!(line, Some(Line { event: Event::End(_), .. })));
        })
        .unwrap();
    ends
}

#[test]
fn a_run_begins_is_seen_running_and_ends() {
    let (_directory, journal) = journal();
    let run = journal.begin(beginning()).unwrap();
    let id = run.id().clone();
    run.append(Event::Planned { datasets: 1 });
    run.append(Event::DatasetStarted { dataset: "moon".to_owned() });
    run.append(Event::Stage { dataset: "moon".to_owned(), stage: "plan".to_owned(), seconds: 0.5 });
    let seen = journal.read(&id).unwrap();
    assert_eq!((seen.summary.state, seen.summary.ended_at), (State::Running, None));
    assert_eq!(seen.current[0].last_stage.as_deref(), Some("plan"));
    assert_eq!((seen.summary.datasets.planned, seen.summary.datasets.running), (1, 1));
    run.end(End::of(Some(&Error::new(Kind::BadInput, "no moon"))));
    let seen = journal.read(&id).unwrap();
    assert_eq!((seen.summary.state, seen.summary.exit_code), (State::Failed, Some(16)));
    assert_eq!(seen.summary.error.unwrap().code, "bad-input");
    assert_eq!(seen.request, beginning().request);
    assert_eq!(ends(&journal, &id), 1);
}

#[test]
fn a_run_whose_owner_is_gone_is_ended_once_however_many_look() {
    let (_directory, journal) = journal();
    for _ in 0..20 {
        let run = journal.begin(beginning()).unwrap();
        let id = run.id().clone();
        drop(run);
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    assert_eq!(journal.read(&id).unwrap().summary.state, State::Interrupted);
                });
            }
        });
        assert_eq!(ends(&journal, &id), 1);
    }
}

#[test]
fn an_owner_that_ends_while_others_look_has_one_end() {
    let (_directory, journal) = journal();
    for _ in 0..20 {
        let run = journal.begin(beginning()).unwrap();
        let id = run.id().clone();
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    barrier.wait();
                    let state = journal.read(&id).unwrap().summary.state;
                    assert!(matches!(state, State::Running | State::Completed), "{state:?}");
                });
            }
            barrier.wait();
            run.end(End::of(None));
        });
        assert_eq!(ends(&journal, &id), 1);
        assert_eq!(journal.read(&id).unwrap().summary.state, State::Completed);
    }
}

#[test]
fn a_line_that_was_cut_off_hides_nothing_and_the_request_to_stop_is_remembered() {
    let (_directory, journal) = journal();
    let run = journal.begin(beginning()).unwrap();
    let id = run.id().clone();
    run.append(Event::CancelRequested { actor: "other".to_owned() });
    drop(run);
    let torn = br#"{"time":"2026-11-21T18"#;
    crate::durable::append_line(&journal.file(&id), torn).unwrap();
    let seen = journal.read(&id).unwrap();
    assert_eq!((seen.summary.state, seen.damaged_lines), (State::Cancelled, 1));
    assert_eq!(ends(&journal, &id), 1);
}

#[test]
fn runs_are_listed_newest_first_by_time_and_state() {
    let (_directory, journal) = journal();
    assert!(journal.list(&Filter::default()).unwrap().is_empty());
    let mut ids = Vec::new();
    for failure in [None, Some(Error::new(Kind::Partial, "1 of 2 datasets failed")), None] {
        let run = journal.begin(beginning()).unwrap();
        ids.push(run.id().clone());
        run.end(End::of(failure.as_ref()));
    }
    ids.sort();
    let listed = |filter: &Filter| -> Vec<RunId> {
        journal.list(filter).unwrap().into_iter().map(|run| run.id).collect()
    };
    let newest_first: Vec<RunId> = ids.iter().rev().cloned().collect();
    assert_eq!(listed(&Filter::default()), newest_first);
    assert_eq!(listed(&Filter { limit: Some(1), ..Filter::default() }), newest_first[..1]);
    assert_eq!(listed(&Filter { states: vec![State::PartlyFailed], ..Filter::default() }).len(), 1);
    // The last run began in this very millisecond, perhaps.
    let (past, future) = ("2000-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z");
    let since = |time: &str| listed(&Filter { since: Some(time.to_owned()), ..Filter::default() }).len();
    let before = |time: &str| listed(&Filter { before: Some(time.to_owned()), ..Filter::default() }).len();
    assert_eq!([since(past), since(future), before(past), before(future)], [3, 0, 0, 3]);
    assert_eq!(journal.find("last").unwrap(), newest_first[0]);
    assert_eq!(journal.find(&ids[0].as_str()[20..]).unwrap(), ids[0]);
    assert_eq!(journal.find("20").unwrap_err().kind, Kind::Usage);
    assert_eq!(journal.find("no").unwrap_err().kind, Kind::Usage);
}

#[test]
fn a_run_of_this_process_is_not_stopped_when_it_is_over_or_elsewhere() {
    let (_directory, journal) = journal();
    let run = journal.begin(beginning()).unwrap();
    let id = run.id().clone();
    run.end(End::of(None));
    let patience = std::time::Duration::ZERO;
    assert_eq!(journal.cancel(&id, "tester", patience).unwrap_err().kind, Kind::Usage);
    // The same run as another machine would have written it, and still held.
    let text = fs_err::read_to_string(journal.file(&id)).unwrap();
    let first = text.lines().next().unwrap().replace("\"place\":\"", "\"place\":\"elsewhere ");
    let other = RunId::new();
    let line = format!("{}\n", first.replace(id.as_str(), other.as_str()));
    let held = crate::durable::LineLog::create(&journal.file(&other), line.as_bytes()).unwrap();
    let error = journal.cancel(&other, "tester", patience).unwrap_err();
    assert_eq!(error.kind, Kind::Locked);
    assert!(error.to_string().contains("another machine"), "{error}");
    drop(held);
}

/// A service that ends decides nothing about what it was asked for; whoever types the command, or cancels, does.
#[test]
fn a_run_whose_process_was_told_to_end_says_so() {
    for (trigger, asked, state) in [
        (Trigger::Cli, false, State::Cancelled),
        (Trigger::Http, false, State::Interrupted),
        (Trigger::Http, true, State::Cancelled),
    ] {
        let (_directory, journal) = journal();
        let run = journal.begin(Beginning { trigger, ..beginning() }).unwrap();
        let id = run.id().clone();
        run.append(Event::Planned { datasets: 3 });
        if asked {
            run.append(Event::CancelRequested { actor: "other".to_owned() });
        }
        let error = journal.interrupt(run, crate::signals::Signal::Terminate);
        assert_eq!(error.message, "interrupted: 0 of 3 datasets registered, 3 not");
        assert_eq!(error.causes, [if asked { "cancelled by other" } else { "told to end" }]);
        assert_eq!(error.hints, [format!("go on with `host run resume {id}`")]);
        let seen = journal.read(&id).unwrap().summary;
        assert_eq!((seen.state, seen.exit_code), (state, Some(130)));
        assert_eq!(ends(&journal, &id), 1);
    }
}
