//! The redactor as a whole: what is judged how, and what can never get through.

mod bodies;
mod canary;
mod lines;
mod names;
