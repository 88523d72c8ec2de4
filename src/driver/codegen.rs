//! The stages from verified graphs to files.

use super::Session;
use crate::Failure;
use crate::stage::Stage;
use lgc_ir::module::{Entry, Module};
use lgc_ir::rewrite::optimize;
use lgc_ir::verify::verify;

impl Session {
    /// Makes the graphs smaller without changing what they compute, and verifies them.
    ///
    /// # Errors
    /// If a pass is wrong.
    pub fn simplify(&mut self, module: Module) -> Result<Module, Failure> {
        self.time(Stage::Simplify, || {
            let entries = module.entries.into_iter().map(|entry| {
                let (graph, _, _) = optimize(&entry.graph, false).map_err(Failure::internal)?;
                verify(&graph).map_err(Failure::internal)?;
                Ok(Entry { graph, ..entry })
            });
            let entries = entries.collect::<Result<_, Failure>>()?;
            Ok(Module { entries })
        })
    }
}
