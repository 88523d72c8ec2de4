//! Kernels: parameters, schedules, statements and accesses.

use super::Parsed;
use super::scanner::Scanner;
use crate::kernel::{
    Access, Carried, Condition, Directive, Fault, Fold, FoldState, ForRange, Form, Join, Kernel,
    MAX_NESTING, MemId, Memory, Mode, Place, Region, SourceLine, SourceLines, Space, Stmt,
    Subscript, TaskFrame, ValueId, ValueType, VarId,
};
use rustc_hash::FxHashMap;

pub(super) fn kernel(scanner: &mut Scanner<'_>) -> Parsed<Kernel> {
    let mut parser = KernelParser {
        scanner,
        memories: Vec::new(),
        names: FxHashMap::default(),
        values: FxHashMap::default(),
        types: Vec::new(),
        lines: SourceLines::default(),
        first_seen: Vec::new(),
        depth: 0,
    };
    parser.kernel()
}

pub(super) struct KernelParser<'s, 'a> {
    pub(super) scanner: &'s mut Scanner<'a>,
    memories: Vec<Memory>,
    names: FxHashMap<String, MemId>,
    values: FxHashMap<u32, ValueId>,
    types: Vec<Option<ValueType>>,
    lines: SourceLines,
    /// Where each value is first named.
    first_seen: Vec<usize>,
    depth: usize,
}

type Binding = (ValueId, ValueId);

impl KernelParser<'_, '_> {
    fn kernel(&mut self) -> Parsed<Kernel> {
        self.scanner.expect("kernel")?;
        let name = self.scanner.name()?.into();
        self.scanner.expect("(")?;
        if !self.scanner.eat(")") {
            loop {
                self.param()?;
                if self.scanner.eat(")") {
                    break;
                }
                self.scanner.expect(",")?;
            }
        }
        self.scanner.expect("{")?;
        let lane = match self.scanner.eat("lane") {
            true => Some(self.var()?),
            false => None,
        };
        let mut schedule = Vec::new();
        while self.scanner.eat("schedule") {
            schedule.push(self.directive()?);
        }
        let (body, yields) = self.region_rest()?;
        if !yields.is_empty() {
            return self.scanner.fault("a kernel yields no values");
        }
        let values = self.types.iter().zip(&self.first_seen);
        let values = values.map(|(ty, &at)| {
            ty.map_or_else(
                || self.scanner.fault_at(at, "this value is never defined"),
                Ok,
            )
        });
        let values = values.collect::<Parsed<_>>()?;
        let kernel = Kernel {
            name,
            memories: std::mem::take(&mut self.memories),
            values,
            lines: std::mem::take(&mut self.lines),
            vars: 0,
            lane,
            body,
            schedule,
        };
        Ok(kernel.canonical())
    }

    fn declare(&mut self, name: &str, memory: Memory) -> Parsed<MemId> {
        let id = MemId(self.memories.len() as u32);
        if self.names.insert(name.to_string(), id).is_some() {
            return self.scanner.fault(format!("a second `{name}`"));
        }
        self.memories.push(memory);
        Ok(id)
    }

    fn param(&mut self) -> Parsed<MemId> {
        let name = self.scanner.name()?;
        self.scanner.expect(":")?;
        let ty = self.scanner.tensor_type()?;
        let mode = Mode::ALL
            .into_iter()
            .find(|mode| self.scanner.eat(mode.name()));
        match mode {
            Some(mode) => self.declare(
                name,
                Memory {
                    name: name.into(),
                    ty,
                    place: Place::Param(mode),
                },
            ),
            None => self
                .scanner
                .fault("expected `in`, `out`, `inout` or `scratch`"),
        }
    }

    fn memory(&mut self) -> Parsed<MemId> {
        let at = self.scanner.position();
        let name = self.scanner.name()?;
        match self.names.get(name) {
            Some(&memory) => Ok(memory),
            None => self
                .scanner
                .fault_at(at, format!("no parameter or buffer is called `{name}`")),
        }
    }

    fn var(&mut self) -> Parsed<VarId> {
        self.scanner.var_number().map(VarId)
    }

    fn directive(&mut self) -> Parsed<Directive> {
        if !self.scanner.eat("vec") {
            return self.scanner.fault("expected `vec`");
        }
        Ok(Directive::Vec(self.var()?, self.scanner.number()?))
    }

    // ---------------------------------------------------------------------------- values

    pub(super) fn value(&mut self) -> Parsed<ValueId> {
        let at = self.scanner.position();
        let number = self.scanner.value_number()?;
        let next = ValueId(self.types.len() as u32);
        let id = *self.values.entry(number).or_insert(next);
        if id == next {
            self.types.push(None);
            self.first_seen.push(at);
        }
        Ok(id)
    }

    fn values(&mut self, close: &str) -> Parsed<Vec<ValueId>> {
        self.listed(close, Self::value)
    }

    /// `(v1 = v0, …)`: pairs of a defined value and its initial one, which it has the type of.
    fn bindings(&mut self) -> Parsed<Vec<Binding>> {
        self.scanner.expect("(")?;
        let mut bindings = Vec::new();
        loop {
            let state = self.value()?;
            self.scanner.expect("=")?;
            let init = self.value()?;
            self.same_type(state, init);
            bindings.push((state, init));
            if self.scanner.eat(")") {
                return Ok(bindings);
            }
            self.scanner.expect(",")?;
        }
    }

    fn same_type(&mut self, value: ValueId, other: ValueId) {
        let ty = self.types.get(other.index()).copied().flatten();
        self.define(value, ty);
    }

    fn define(&mut self, value: ValueId, ty: Option<ValueType>) {
        if let Some(slot) = self.types.get_mut(value.index()) {
            *slot = ty.or(*slot);
        }
    }

    fn counted<T>(&mut self, items: &[T], expected: usize) -> Parsed<()> {
        if items.len() == expected {
            Ok(())
        } else {
            self.scanner
                .fault(format!("expected {expected} values before this"))
        }
    }

    pub(super) fn value_type(&mut self) -> Parsed<ValueType> {
        self.scanner.expect(":")?;
        let dtype = self.scanner.dtype()?;
        let form = if self.scanner.eat("<") {
            let lanes = self.scanner.number()?;
            self.scanner.expect(">")?;
            Form::Vector(lanes)
        } else if self.scanner.eat("tile") {
            self.scanner.expect("<")?;
            let rows = self.scanner.number()?;
            self.scanner.expect(",")?;
            let columns = self.scanner.number()?;
            self.scanner.expect(">")?;
            Form::Tile(rows, columns)
        } else {
            Form::Scalar
        };
        Ok(ValueType { dtype, form })
    }

    // ---------------------------------------------------------------------------- statements

    /// `{ stmt* [yield …] }`
    fn region(&mut self) -> Parsed<(Region, Vec<ValueId>)> {
        self.scanner.expect("{")?;
        self.region_rest()
    }

    fn region_rest(&mut self) -> Parsed<(Region, Vec<ValueId>)> {
        if self.depth > MAX_NESTING {
            return self.scanner.fault("statements are nested too deeply");
        }
        self.depth += 1;
        let mut region = Region::default();
        let yields = loop {
            if self.scanner.eat("}") {
                break Vec::new();
            }
            if self.scanner.eat("yield") {
                break self.values("}")?;
            }
            region.stmts.push(self.stmt()?);
        };
        self.depth -= 1;
        Ok((region, yields))
    }

    /// A region that yields nothing.
    fn body(&mut self) -> Parsed<Region> {
        let (region, yields) = self.region()?;
        self.counted(&yields, 0)?;
        Ok(region)
    }

    fn stmt(&mut self) -> Parsed<Stmt> {
        if self.scanner.at_value() {
            return self.definition();
        }
        if self.scanner.eat("par") {
            return self.par();
        }
        if self.scanner.eat("tasks") {
            return self.tasks();
        }
        if self.scanner.eat("for") {
            return self.sequential(Vec::new(), Vec::new());
        }
        if self.scanner.eat("if") {
            return self.branch(Vec::new());
        }
        if self.scanner.eat("let") {
            return self.local();
        }
        if self.scanner.eat("store") {
            return self.store();
        }
        if !self.scanner.eat("(") {
            return self.scanner.fault("expected a statement");
        }
        let results = self.values(")")?;
        self.scanner.expect("=")?;
        if self.scanner.eat("carry") {
            let bindings = self.bindings()?;
            self.scanner.expect("for")?;
            return self.sequential(results, bindings);
        }
        if self.scanner.eat("fold") {
            return self.fold(results);
        }
        if self.scanner.eat("if") {
            return self.branch(results);
        }
        self.scanner.fault("expected `carry`, `fold` or `if`")
    }

    fn par(&mut self) -> Parsed<Stmt> {
        let var = self.var()?;
        self.scanner.expect("<")?;
        let extent = self.scanner.number()?;
        self.scanner.expect("grain")?;
        let grain = self.scanner.number()?;
        Ok(Stmt::Par {
            var,
            extent,
            grain,
            body: self.body()?,
        })
    }

    fn tasks(&mut self) -> Parsed<Stmt> {
        let var = self.var()?;
        self.scanner.expect("<")?;
        let count = self.scanner.number()?;
        self.scanner.expect("with")?;
        self.scanner.expect("(")?;
        let memories = self.listed(";", Self::memory)?;
        let values = self.listed(";", Self::value)?;
        let vars = self.listed(")", Self::var)?;
        let frame = TaskFrame {
            memories,
            values,
            vars,
        };
        Ok(Stmt::Tasks {
            var,
            count,
            frame,
            body: self.body()?,
        })
    }

    /// Items up to a sign.
    fn listed<T>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        if self.scanner.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.scanner.eat(close) {
                return Ok(items);
            }
            self.scanner.expect(",")?;
        }
    }

    fn sequential(&mut self, results: Vec<ValueId>, bindings: Vec<Binding>) -> Parsed<Stmt> {
        self.counted(&bindings, results.len())?;
        let var = self.var()?;
        self.scanner.expect("in")?;
        let low = self.scanner.index()?;
        self.scanner.expect("..")?;
        let high = self.scanner.index()?;
        let step = match self.scanner.eat("step") {
            true => self.scanner.number()?,
            false => 1,
        };
        let below = match self.scanner.eat("below") {
            true => Some(self.scanner.number()?),
            false => None,
        };
        let until = match self.scanner.eat("until") {
            true => Some(self.value()?),
            false => None,
        };
        let (body, next) = self.region()?;
        self.counted(&next, results.len())?;
        let mut carried = Vec::new();
        for ((result, (state, init)), next) in results.into_iter().zip(bindings).zip(next) {
            self.same_type(result, init);
            carried.push(Carried {
                init,
                state,
                next,
                result,
            });
        }
        Ok(Stmt::For {
            var,
            range: ForRange {
                below,
                until,
                ..ForRange::new(low, high, step)
            },
            carried,
            body,
        })
    }

    fn fold(&mut self, results: Vec<ValueId>) -> Parsed<Stmt> {
        let var = self.var()?;
        self.scanner.expect("<")?;
        let extent = self.scanner.number()?;
        self.scanner.expect("lanes")?;
        let lanes = self.scanner.number()?;
        self.scanner.expect("chunk")?;
        let chunk = self.scanner.number()?;
        let bindings = self.bindings()?;
        self.counted(&bindings, results.len())?;
        let (body, next) = self.region()?;
        self.counted(&next, results.len())?;
        self.scanner.expect("merge")?;
        self.scanner.expect("(")?;
        let left = self.values(")")?;
        self.counted(&left, results.len())?;
        self.scanner.expect("(")?;
        let right = self.values(")")?;
        self.counted(&right, results.len())?;
        for (at, &(_, init)) in bindings.iter().enumerate() {
            for value in [left[at], right[at], results[at]] {
                self.same_type(value, init);
            }
        }
        let (merge, merged) = self.region()?;
        self.counted(&merged, results.len())?;
        let states = bindings.iter().enumerate();
        let states = states.map(|(at, &(state, init))| FoldState {
            init,
            state,
            next: next[at],
            left: left[at],
            right: right[at],
            merged: merged[at],
            result: results[at],
        });
        Ok(Stmt::Fold(Box::new(Fold {
            var,
            extent,
            lanes,
            chunk,
            states: states.collect(),
            body,
            merge,
        })))
    }

    fn branch(&mut self, results: Vec<ValueId>) -> Parsed<Stmt> {
        let condition = match self.scanner.at_value() {
            true => Condition::Mask(self.value()?),
            false => Condition::Guard(self.scanner.guard()?),
        };
        let (then, yes) = self.region()?;
        self.counted(&yes, results.len())?;
        let (otherwise, no) = match self.scanner.eat("else") {
            true => self.region()?,
            false => (Region::default(), Vec::new()),
        };
        self.counted(&no, results.len())?;
        let mut joins = Vec::new();
        for ((result, then), otherwise) in results.into_iter().zip(yes).zip(no) {
            self.same_type(result, then);
            joins.push(Join {
                then,
                otherwise,
                result,
            });
        }
        Ok(Stmt::If {
            condition,
            then,
            otherwise,
            joins,
        })
    }

    fn local(&mut self) -> Parsed<Stmt> {
        let name = self.scanner.name()?;
        self.scanner.expect(":")?;
        let ty = self.scanner.tensor_type()?;
        self.scanner.expect("@")?;
        let space = Space::ALL
            .into_iter()
            .find(|space| self.scanner.eat(space.name()));
        let Some(space) = space else {
            return self.scanner.fault("expected `shared` or `private`");
        };
        let memory = self.declare(
            name,
            Memory {
                name: name.into(),
                ty,
                place: Place::Local(space),
            },
        )?;
        let body = self.body()?;
        Ok(Stmt::Let { memory, body })
    }

    fn store(&mut self) -> Parsed<Stmt> {
        let mut access = self.place()?;
        self.scanner.expect("=")?;
        let value = self.value()?;
        self.conditions(&mut access)?;
        Ok(Stmt::Store { access, value })
    }

    fn definition(&mut self) -> Parsed<Stmt> {
        let result = self.value()?;
        self.scanner.expect("=")?;
        if !self.scanner.eat("load") {
            let (op, ty) = self.operation()?;
            self.define(result, Some(ty));
            self.line(result)?;
            return Ok(Stmt::Compute { result, op });
        }
        let mut access = self.place()?;
        self.conditions(&mut access)?;
        let otherwise = match self.scanner.eat("else") {
            true => Some(self.value()?),
            false => None,
        };
        let ty = self.value_type()?;
        self.define(result, Some(ty));
        self.line(result)?;
        Ok(Stmt::Load {
            result,
            access,
            otherwise,
        })
    }

    /// The line of a value, if it has one: `@12` or `@1:12`.
    fn line(&mut self, value: ValueId) -> Parsed<()> {
        if !self.scanner.eat("@") {
            return Ok(());
        }
        let first = self.scanner.number()?;
        let line = match self.scanner.eat(":") {
            true => SourceLine {
                file: first,
                line: self.scanner.number()?,
            },
            false => SourceLine {
                file: 0,
                line: first,
            },
        };
        self.lines.set(value, Some(line));
        Ok(())
    }

    // ---------------------------------------------------------------------------- accesses

    fn place(&mut self) -> Parsed<Access> {
        let memory = self.memory()?;
        self.scanner.expect("[")?;
        let mut at = Vec::new();
        if !self.scanner.eat("]") {
            loop {
                at.push(self.subscript()?);
                if self.scanner.eat("]") {
                    break;
                }
                self.scanner.expect(",")?;
            }
        }
        Ok(Access::new(memory, at))
    }

    fn subscript(&mut self) -> Parsed<Subscript> {
        if self.scanner.at_value() {
            return Ok(Subscript::Value(self.value()?));
        }
        let index = self.scanner.index()?;
        Ok(match self.scanner.eat(":") {
            true => Subscript::Span(index),
            false => Subscript::At(index),
        })
    }

    fn conditions(&mut self, access: &mut Access) -> Parsed<()> {
        if self.scanner.eat("if") {
            access.guard = self.scanner.guard()?;
        }
        if self.scanner.eat("where") {
            access.mask = Some(self.value()?);
        }
        access.clip = self.scanner.eat("clip");
        if self.scanner.eat("guard") {
            let status = self.memory()?;
            self.scanner.expect("at")?;
            let position = self.scanner.index()?;
            access.fault = Some(Fault { status, position });
        }
        Ok(())
    }
}
