//! Seats for connections. When all are taken, a few kept ones remain: who sits there is answered `/livez`, and 503 for
//! anything else. When those are taken too, the one who has sat there longest has to leave. Somebody who asks at
//! once is answered long before, so whoever watches the service is heard however many others only sit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Seats that are kept.
const KEPT_SEATS: usize = 64;

/// All seats.
#[derive(Debug)]
pub(super) struct Room {
    ordinary: Arc<Semaphore>,
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept(Mutex<KeptSeats>);

#[derive(Debug, Default)]
struct KeptSeats {
    next: u64,
    /// In the order of arrival.
    taken: BTreeMap<u64, Arc<Notify>>,
}

/// A place for one connection; dropping it frees it.
#[derive(Debug)]
pub(super) enum Seat {
    /// Anything is answered there.
    Ordinary { _permit: OwnedSemaphorePermit },
    /// Only `/livez` is.
    Kept(KeptSeat),
}

/// One of the kept seats.
#[derive(Debug)]
pub(super) struct KeptSeat {
    number: u64,
    kept: Arc<Kept>,
    leave: Arc<Notify>,
}

impl Room {
    pub(super) fn new(ordinary_seats: usize) -> Self {
        let ordinary = Arc::new(Semaphore::new(ordinary_seats.min(Semaphore::MAX_PERMITS)));
        Self { ordinary, kept: Arc::default() }
    }

    /// A seat for whoever comes next.
    pub(super) fn enter(&self) -> Seat {
        if let Ok(permit) = Arc::clone(&self.ordinary).try_acquire_owned() {
            return Seat::Ordinary { _permit: permit };
        }
        let leave = Arc::new(Notify::new());
        let mut seats = self.kept.seats();
        if seats.taken.len() >= KEPT_SEATS
            && let Some((_, longest)) = seats.taken.pop_first()
        {
            longest.notify_one();
        }
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, Arc::clone(&leave));
        drop(seats);
        Seat::Kept(KeptSeat { number, kept: Arc::clone(&self.kept), leave })
    }
}

impl Kept {
    fn seats(&self) -> MutexGuard<'_, KeptSeats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeptSeat {
    /// Returns when somebody else needs the seat.
    pub(super) async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for KeptSeat {
    fn drop(&mut self) {
        self.kept.seats().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_SEATS, Room, Seat};

    #[tokio::test]
    async fn the_one_who_sat_longest_leaves_first() {
        let room = Room::new(1);
        let ordinary = room.enter();
        assert!(matches!(ordinary, Seat::Ordinary { .. }));
        let first = room.enter();
        let others: Vec<Seat> = (0..KEPT_SEATS).map(|_| room.enter()).collect();
        let Seat::Kept(first) = first else { panic!("all ordinary seats are taken") };
        first.must_leave().await;
        assert_eq!(room.kept.seats().taken.len(), KEPT_SEATS);
        drop((first, others));
        assert!(room.kept.seats().taken.is_empty());
        drop(ordinary);
        assert!(matches!(room.enter(), Seat::Ordinary { .. }));
    }
}
