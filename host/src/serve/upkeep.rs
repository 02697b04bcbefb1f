//! What the service does by itself: jobs that are due, and telling people what is new.
//!
//! Invariants: nothing is begun in maintenance, nor when the service is to end; a verb that runs when it is told to is told
//! so too, and its job is due again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::service::Service;
use crate::alerts::{self, Channels, Message};
use crate::clock;
use crate::error::{Error, Kind, Result};
use crate::schedule::{self, Done, Period, Record, Timetable, Trigger};

/// How late a job may begin: the clock is looked at so often, since it may be put forward or back.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// What the service does by itself.
#[derive(Debug)]
pub struct Upkeep {
    /// When each job is due; nothing when the service keeps no timetable.
    pub timetable: Option<Timetable>,
    /// Who is told of alerts.
    pub channels: Channels,
    /// How often to look whether there is something to tell.
    pub interval: Duration,
    /// Where is noted who was told what.
    pub told_file: PathBuf,
}

/// How long the end of it may take after everything else has ended: a mail may be on its way.
const LAST_WORK: Duration = Duration::from_secs(5);

/// How soon after maintenance what waits is taken on.
const AFTER_MAINTENANCE: Duration = Duration::from_secs(1);

/// How soon what another service left is taken on.
const AFTER_ANOTHER: Duration = Duration::from_secs(10);

/// The work that goes on until the service is told to end.
pub(super) struct Work(JoinSet<()>);

impl Work {
    /// `taken_over` says whether what an earlier service left was taken on; if not, it waits for the end of maintenance.
    pub(super) fn begin(service: &Arc<Service>, taken_over: bool) -> Self {
        let mut tasks = JoinSet::new();
        let upkeep = &service.options().upkeep;
        if let Some(timetable) = upkeep.timetable.clone() {
            tasks.spawn(keep(Arc::clone(service), timetable, service.stopping()));
        }
        if !upkeep.channels.is_silent() {
            tasks.spawn(tell(Arc::clone(service), service.stopping()));
        }
        if !service.is_read_only() {
            tasks.spawn(take_over(Arc::clone(service), taken_over, service.stopping()));
        }
        Self(tasks)
    }

    /// Returns when nothing goes on any more, or when that takes too long.
    pub(super) async fn end(mut self) {
        let all = async { while self.0.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WORK, all).await.is_err() {
            tracing::warn!("what recurs did not end in time");
        }
    }
}

/// Takes on what other services left, as soon as that may be.
async fn take_over(service: Arc<Service>, mut taken_over: bool, mut stopped: watch::Receiver<bool>) {
    loop {
        let wait = if taken_over { AFTER_ANOTHER } else { AFTER_MAINTENANCE };
        if pause(wait, &mut stopped).await {
            return;
        }
        match blocking(&service, Service::take_over).await {
            Ok(taken) => taken_over = taken,
            Err(error) => tracing::error!("{error}"),
        }
    }
}

/// Waits; true when the service is to end.
async fn pause(time: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    // The sender lives until it has said so.
    tokio::time::timeout(time, stopped.wait_for(|stopped| *stopped)).await.is_ok()
}

/// Does each job when it is due.
async fn keep(service: Arc<Service>, timetable: Timetable, mut stopped: watch::Receiver<bool>) {
    loop {
        for job in Period::value_variants() {
            if let Err(error) = turn(&service, &timetable, *job, stopped.clone()).await {
                tracing::error!("the {} job: {error}", job.word());
            }
        }
        if pause(LOOK_AGAIN, &mut stopped).await {
            return;
        }
    }
}

/// Does a job if it is due.
async fn turn(
    service: &Arc<Service>,
    timetable: &Timetable,
    job: Period,
    mut stopped: watch::Receiver<bool>,
) -> Result<()> {
    let (table, file) = (timetable.clone(), timetable.record_file(job));
    let due = blocking(service, move |service| {
        let now = Timestamp::now();
        let Some(times) = table.times(job, now) else { return Ok(None) };
        if service.is_stopping() || service.is_in_maintenance()? {
            return Ok(None);
        }
        let mut record = match Record::own(&file) {
            Err(error) if error.kind == Kind::Locked => return Ok(None),
            record => record?,
        };
        Ok(record.is_due(times.last, now)?.then_some((record, times.last)))
    });
    let Some((mut record, due)) = due.await? else { return Ok(()) };
    tracing::info!("the {} job was due at {}", job.word(), clock::text(due));
    let date = due.to_zoned(timetable.zone.clone()).date();
    let (program, surroundings) = service.source().upkeep(date)?;
    let stop = Box::pin(async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    });
    let begun = (Some(clock::text(due)), Trigger::Service);
    let Some(done) = schedule::carry_out(&program, (job, &surroundings), begun, stop).await else {
        return Ok(());
    };
    blocking(service, move |service| {
        record.note(done.clone())?;
        told_of(service, job, &done);
        Ok(())
    })
    .await
}

fn told_of(service: &Service, job: Period, done: &Done) {
    let failed: Vec<&str> = done.failed().map(|step| step.command.as_str()).collect();
    if failed.is_empty() {
        tracing::info!("the {} job is done", job.word());
        return;
    }
    tracing::error!("the {} job failed: {}", job.word(), failed.join(", "));
    for delivery in service.options().upkeep.channels.send(&Message::of_job(job, done), None) {
        if let Some(error) = delivery.error {
            tracing::error!("{error}");
        }
    }
}

/// Tells people what is new, again and again.
async fn tell(service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    let interval = service.options().upkeep.interval;
    loop {
        let told = blocking(&service, |service| {
            let upkeep = &service.options().upkeep;
            let health = &service.view().monitor.look().health;
            alerts::check(health, &upkeep.channels, &upkeep.told_file)
        });
        match told.await.map(|checked| alerts::failure(&checked.deliveries)) {
            Err(error) | Ok(Some(error)) => tracing::error!("{error}"),
            Ok(None) => {}
        }
        if pause(interval, &mut stopped).await {
            return;
        }
    }
}

/// Does what blocks, on a thread that no request waits for.
async fn blocking<T: Send + 'static>(
    service: &Arc<Service>,
    work: impl FnOnce(&Service) -> Result<T> + Send + 'static,
) -> Result<T> {
    let service = Arc::clone(service);
    let done = tokio::task::spawn_blocking(move || work(&service)).await;
    done.map_err(|error| Error::new(Kind::Internal, "what recurs was not done").cause(error.to_string()))?
}
