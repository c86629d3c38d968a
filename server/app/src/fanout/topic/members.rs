//! The connections that follow a channel, in chunks: a long delivery holds one chunk's lock at a time,
//! so that coming and going never waits for the whole of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::connection::Connection;

const CHUNK_MAX: usize = 256;

#[derive(Default)]
pub(super) struct Members(Mutex<Vec<Arc<Chunk>>>);

#[derive(Default)]
pub(super) struct Chunk(Mutex<Vec<Arc<Connection>>>);

impl Members {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Chunk>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection, once.
    pub(super) fn insert(&self, connection: &Arc<Connection>) {
        let mut chunks = self.lock();
        if chunks.iter().any(|chunk| chunk.position(connection).is_some()) {
            return;
        }
        for chunk in chunks.iter() {
            let mut members = chunk.lock();
            if members.len() < CHUNK_MAX {
                members.push(Arc::clone(connection));
                return;
            }
        }
        chunks.push(Arc::new(Chunk(Mutex::new(vec![Arc::clone(connection)]))));
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let mut chunks = self.lock();
        for chunk in chunks.iter() {
            if let Some(place) = chunk.position(connection) {
                chunk.lock().swap_remove(place);
                break;
            }
        }
        chunks.retain(|chunk| !chunk.lock().is_empty());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The chunks of this moment.
    pub(super) fn chunks(&self) -> Vec<Arc<Chunk>> {
        self.lock().clone()
    }
}

impl Chunk {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self, connection: &Connection) -> Option<usize> {
        self.lock().iter().position(|member| std::ptr::eq(Arc::as_ptr(member), connection))
    }

    pub(super) fn for_each(&self, mut deliver: impl FnMut(&Arc<Connection>)) {
        for connection in self.lock().iter() {
            deliver(connection);
        }
    }
}
