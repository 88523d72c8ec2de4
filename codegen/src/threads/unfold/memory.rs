//! Lanes in memory, of folds whose states are no scalars or whose bodies are not straight.

use super::{Chunk, Out, States, Unfolder, place};
use crate::backend::refusal::Result;
use crate::kernel::{
    Access, Fold, ForRange, MemId, Region, Space, Stmt, Subscript, ValueId, ValueType,
};
use crate::threads::rewrite::{Renames, state_types};
use lgc_ir::index::Index;

impl Unfolder<'_> {
    /// A buffer of lanes for each component.
    pub(super) fn lanes_in_memory(&mut self, fold: &Fold, types: &[ValueType]) -> Vec<MemId> {
        let places = u64::from(fold.lanes);
        let buffer = |&ty: &ValueType| self.draft.buffer("lanes", (places, ty), Space::Private);
        let lanes: Vec<MemId> = types.iter().map(buffer).collect();
        self.buffers.extend(&lanes);
        lanes
    }

    pub(super) fn load(&mut self, access: Access, ty: ValueType, out: &mut Out) -> ValueId {
        let result = self.draft.value(ty);
        out.push(Stmt::Load {
            result,
            access,
            otherwise: None,
        });
        result
    }

    pub(super) fn load_all(
        &mut self,
        memories: &[MemId],
        types: &[ValueType],
        at: &Subscript,
        out: &mut Out,
    ) -> States {
        let loads = memories.iter().zip(types);
        let load = |(&memory, &ty): (&MemId, &ValueType)| {
            self.load(place(memory, at.clone(), ty), ty, out)
        };
        loads.map(load).collect()
    }

    pub(super) fn in_memory(
        &mut self,
        fold: &Fold,
        chunk: &Chunk,
        out: &mut Out,
    ) -> Result<States> {
        let types = state_types(&self.draft, fold);
        let lanes = self.lanes_in_memory(fold, &types);
        let count = i64::from(fold.lanes);
        let inits: States = fold.states.iter().map(|state| state.init).collect();
        self.each_lane(count, out, |_, lane, body| {
            store_all(&lanes, &types, &lane, &inits, body);
        });
        let lane = Subscript::At(fold.var.to_index().modulo(count));
        let mut body = Vec::new();
        let states = self.load_all(&lanes, &types, &lane, &mut body);
        let mut renames = Renames::default();
        renames.rename(fold.states.iter().map(|s| s.state), states);
        let mut elements = fold.body.clone();
        elements.visit_ids(&mut renames);
        body.extend(elements.stmts);
        let next: States = fold.states.iter().map(|s| renames.of(s.next)).collect();
        store_all(&lanes, &types, &lane, &next, &mut body);
        out.push(Stmt::For {
            var: fold.var,
            range: Self::elements(fold, chunk)?,
            carried: Vec::new(),
            body: Region { stmts: body },
        });
        let mut half = count / 2;
        while half > 0 {
            self.each_lane(half, out, |unfolder, lane, body| {
                let later = match &lane {
                    Subscript::At(lane) => Subscript::At(lane.add_constant(half)),
                    Subscript::Span(_) | Subscript::Value(_) => lane.clone(),
                };
                let left = unfolder.load_all(&lanes, &types, &lane, body);
                let right = unfolder.load_all(&lanes, &types, &later, body);
                let merged = unfolder.merged(fold, &left, &right, body);
                store_all(&lanes, &types, &lane, &merged, body);
            });
            half /= 2;
        }
        let first = Subscript::At(Index::constant(0));
        Ok(self.load_all(&lanes, &types, &first, out))
    }

    /// A loop over lanes.
    pub(super) fn each_lane(
        &mut self,
        count: i64,
        out: &mut Out,
        make: impl FnOnce(&mut Self, Subscript, &mut Out),
    ) {
        let var = self.draft.var();
        let mut body = Vec::new();
        make(self, Subscript::At(var.to_index()), &mut body);
        out.push(Stmt::For {
            var,
            range: ForRange::span(0, count, 1),
            carried: Vec::new(),
            body: Region { stmts: body },
        });
    }
}

fn store_all(
    memories: &[MemId],
    types: &[ValueType],
    at: &Subscript,
    values: &[ValueId],
    out: &mut Out,
) {
    for ((&memory, &ty), &value) in memories.iter().zip(types).zip(values) {
        let access = place(memory, at.clone(), ty);
        out.push(Stmt::Store { access, value });
    }
}
