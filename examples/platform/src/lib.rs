//! A multi-tenant marketing-analytics platform that composes the tenancy crates.
//!
//! Start reading at [`stack`] (what a request passes), [`routes`] (everything that can be asked) and
//! [`platform`] (how the parts are put together); then one folder per area.

pub mod analysis;
pub mod app;
pub mod assets;
pub mod branding;
pub mod campaigns;
pub mod charts;
pub mod config;
pub mod content;
pub mod data;
pub mod demo;
pub mod etag;
pub mod failure;
pub mod health;
pub mod ingest;
pub mod invite;
pub mod kept;
pub mod landing;
pub mod login;
pub mod mail;
pub mod migrate;
pub mod operator;
pub mod overview;
pub mod pages;
pub mod platform;
pub mod recommendations;
pub mod routes;
pub mod runs;
pub mod serve;
pub mod server;
pub mod social;
pub mod stack;
pub mod team;
pub mod trail;
pub mod usage;
pub mod view;
pub mod words;
pub mod worker;
