use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A limit on simultaneous connections; without a free seat, a connection waits.
#[derive(Debug, Clone)]
pub(crate) struct Seats(Arc<Room>);

#[derive(Debug)]
struct Room {
    size: usize,
    taken: Mutex<usize>,
    left: Condvar,
}

/// One connection's seat, freed when it is dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Room>);

impl Seats {
    pub(crate) fn new(size: usize) -> Self {
        Self(Arc::new(Room {
            size,
            taken: Mutex::new(0),
            left: Condvar::new(),
        }))
    }

    /// Waits for a free seat and takes it.
    pub(crate) fn take(&self) -> Seat {
        let mut taken = self.wait_while(|taken| *taken >= self.0.size);
        *taken += 1;
        Seat(Arc::clone(&self.0))
    }

    /// Waits until all seats are free.
    pub(crate) fn close(self) {
        drop(self.wait_while(|taken| *taken > 0));
    }

    fn wait_while(&self, condition: impl FnMut(&mut usize) -> bool) -> MutexGuard<'_, usize> {
        let waited = self.0.left.wait_while(self.0.taken(), condition);
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *self.0.taken() -= 1;
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_connection_without_a_seat_waits_for_one() {
        let seats = Seats::new(1);
        let first = seats.take();
        let (sender, events) = mpsc::channel();
        let others = seats.clone();
        let seated = sender.clone();
        let waiting = thread::spawn(move || {
            let seat = others.take();
            seated.send("seated").unwrap();
            drop(seat);
        });
        sender.send("left").unwrap();
        drop(first);
        waiting.join().unwrap();
        assert_eq!(events.recv().unwrap(), "left");
        assert_eq!(events.recv().unwrap(), "seated");
        seats.close();
    }

    #[test]
    fn a_panic_frees_its_seat() {
        let seats = Seats::new(1);
        let seat = seats.take();
        let panicking = thread::spawn(move || {
            let _seat = seat;
            panic!("a test panics");
        });
        assert!(panicking.join().is_err());
        drop(seats.take());
        seats.close();
    }
}
