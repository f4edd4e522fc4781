//! Random histories of commands through the whole system in one process, checked against a second, simple model that
//! was written from the contract and the decisions alone. docs/reliability.md says what is asked and what was found.

mod act;
mod chance;
mod entry_act;
mod entry_chance;
mod entry_judge;
mod entry_looks;
mod history;
mod judge;
mod looks;
mod model;
mod sessions;
mod shrink;
mod stories;
mod story_act;
mod story_chance;
mod story_judge;
mod story_looks;
mod system;
mod views;
mod whole_system;
