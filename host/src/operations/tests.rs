use super::*;
use crate::error::{Error, Kind};
use crate::journal::{
    Beginning, DatasetFinished, DatasetOutcome, End, Event, Request, RunError, RunId, StageSeconds, State,
    Trigger,
};

fn dataset(outcome: DatasetOutcome, seconds: f64) -> DatasetFinished {
    let error = Error::new(Kind::BadInput, "a | pipe and a <tag>");
    DatasetFinished {
        dataset: "moon".to_owned(),
        outcome,
        seconds,
        module: "orbits".to_owned(),
        name: None,
        module_version: None,
        version: None,
        stages: vec![StageSeconds { stage: "derive".to_owned(), seconds: 0.5 }],
        rows: Some(100),
        read_bytes: None,
        written_bytes: Some(1 << 20),
        host_peak_memory_bytes: Some(2 << 20),
        worker_peak_memory_bytes: Some(3 << 20),
        quality_score: Some(0.7),
        findings: Some(1),
        error: (outcome == DatasetOutcome::Failed).then(|| RunError::from(&error)),
    }
}

struct World {
    directory: tempfile::TempDir,
    journal: Journal,
    configuration: Configuration,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::of(&directory.path().join("logs"));
        let configuration = Configuration {
            output_directory: "here".to_owned(),
            cache_enabled: true,
            validation_enabled: true,
        };
        Self { directory, journal, configuration }
    }

    fn run(&self, datasets: Vec<DatasetFinished>, failure: Option<&Error>) {
        // Runs of one millisecond stand in no order.
        let time = |id: &RunId| id.as_str().split('-').next().map(str::to_owned);
        let before = RunId::new();
        let id = std::iter::repeat_with(RunId::new).find(|id| time(id) > time(&before));
        let beginning = Beginning {
            id,
            command: "prepare",
            request: Request::default(),
            actor: "tester".to_owned(),
            trigger: Trigger::Cli,
            resumes: None,
        };
        let run = self.journal.begin(beginning).unwrap();
        for dataset in datasets {
            run.append(Event::DatasetFinished(Box::new(dataset)));
        }
        run.end(End::of(failure));
    }

    fn report(&self, kind: ReportKind) -> OperationsReport {
        let sources = Sources {
            journal: &self.journal,
            registry: None,
            data_root: self.directory.path(),
            modules: &[],
            configuration: &self.configuration,
        };
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        report(kind, today, &sources).unwrap()
    }
}

#[test]
fn a_day_tells_what_ran_and_what_failed() {
    let world = World::new();
    let (prepared, cached) = (dataset(DatasetOutcome::Prepared, 2.0), dataset(DatasetOutcome::Cached, 0.1));
    world.run(vec![prepared, cached], None);
    let failure = Error::new(Kind::BadInput, "all failed");
    world.run(vec![dataset(DatasetOutcome::Failed, 0.3)], Some(&failure));
    let report = world.report(ReportKind::Daily);
    let Content::Activity(activity) = &report.content else { panic!("{report:?}") };
    let work = &activity.work;
    assert_eq!((work.runs, work.prepared, work.cached, work.failed), (2, 1, 1, 1));
    assert_eq!((work.success_ratio, work.cache_hit_ratio), (Some(2.0 / 3.0), Some(0.5)));
    assert_eq!(work.dataset_seconds, Statistics::of(&[2.0]));
    assert_eq!(work.errors["bad-input"], 1);
    assert_eq!((activity.previous.runs, activity.previous.success_ratio), (0, None));
    let text = report.document().markdown();
    assert!(text.contains("| runs failed | 1 | 0 |"), "{text}");
    assert!(text.contains(r"a \| pipe and a \<tag\>"), "{text}");
    let page = report.document().html().unwrap();
    assert!(page.contains("a | pipe and a &#60;tag&#62;"), "{page}");
}

/// A mistyped name was a dataset that failed.
#[test]
fn a_command_that_makes_no_sense_is_no_dataset_that_failed() {
    let world = World::new();
    let usage = Error::new(Kind::Usage, "there is no module `boa`");
    let mistyped =
        DatasetFinished { error: Some(RunError::from(&usage)), ..dataset(DatasetOutcome::Failed, 0.1) };
    world.run(vec![mistyped], Some(&usage));
    world.run(vec![dataset(DatasetOutcome::Prepared, 2.0)], None);
    let report = world.report(ReportKind::Daily);
    let Content::Activity(activity) = &report.content else { panic!("{report:?}") };
    assert_eq!((activity.work.failed, activity.work.success_ratio), (0, Some(1.0)));
    assert!(activity.work.errors.is_empty() && activity.failures.is_empty(), "{activity:?}");
    assert_eq!(activity.work.states[&State::Failed], 1);
}

#[test]
fn performance_has_average_maximum_and_a_trend_when_there_is_enough() {
    let world = World::new();
    for seconds in [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0] {
        world.run(vec![dataset(DatasetOutcome::Prepared, seconds)], None);
    }
    let report = world.report(ReportKind::Performance);
    let Content::Performance(performance) = &report.content else { panic!("{report:?}") };
    let module = &performance.modules["orbits"];
    assert_eq!(module.seconds, Statistics::of(&[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]));
    assert_eq!(module.seconds.unwrap().trend, Some(1.0));
    assert_eq!(module.rows_per_second, Statistics::of(&[200.0; 8]));
    assert_eq!(module.cache_hit_ratio, Some(0.0));
    let text = report.document().markdown();
    assert!(text.contains("| orbits | 8 | 1.5 s | 2.0 s | +100 % | 0.0 % |"), "{text}");
}

#[test]
fn nothing_is_forecast_from_one_day_and_nothing_is_claimed_of_nothing() {
    let world = World::new();
    for kind in [ReportKind::Weekly, ReportKind::Monthly, ReportKind::Performance, ReportKind::Quality] {
        assert!(world.report(kind).document().markdown().starts_with("# "), "{kind:?}");
    }
    world.run(vec![dataset(DatasetOutcome::Prepared, 1.0)], None);
    let report = world.report(ReportKind::Capacity);
    let Content::Capacity(capacity) = &report.content else { panic!("{report:?}") };
    assert_eq!((capacity.bytes_per_day, capacity.days_left), (None, None));
    assert!(capacity.forecast.ends_with("the period has 1"), "{}", capacity.forecast);
    assert!(capacity.used_bytes > 0 && capacity.free_bytes > 0 && capacity.folders.contains_key("logs"));
    let report = world.report(ReportKind::Quality);
    let Content::Quality(quality) = &report.content else { panic!("{report:?}") };
    assert_eq!((quality.prepared, quality.with_findings), (1, 1));
}

#[test]
fn a_deployment_has_the_fields_that_were_asked_for() {
    let report = World::new().report(ReportKind::Deployment);
    let json = serde_json::to_value(&report.content).unwrap();
    for field in ["deployment_timestamp", "framework_version", "available_modules", "configuration", "status"]
    {
        assert!(json.get(field).is_some(), "{field}");
    }
    for field in ["output_directory", "cache_enabled", "validation_enabled"] {
        assert!(json["configuration"].get(field).is_some(), "{field}");
    }
    assert_eq!(json["status"], "NOT_DEPLOYED", "there is neither a data root nor a module");
}
