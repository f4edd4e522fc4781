//! The executor over the in-memory twin of the log.

#[cfg(test)]
mod house;
#[cfg(test)]
mod meddled_log;

#[cfg(test)]
mod conflicts;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod lanes;
#[cfg(test)]
mod last_views;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod preconditions;
#[cfg(test)]
mod racing;
#[cfg(test)]
mod read_marks;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod turns;
