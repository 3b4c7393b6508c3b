//! Every suite in one program, so that they share a database server and one build.

mod access;
mod bad_input;
mod browser;
mod demo;
mod isolation;
mod people;
mod runs;
mod uploads;
mod usage;
mod walk;
