//! Loops and conditions. Both are known at compile time: a loop is unrolled, and of a condition only
//! what holds is elaborated.
//!
//! Names that a turn of a loop defines end with the turn. What a loop carries is, in the body, a value
//! with a next one, as an `inout` parameter of a graph is; after the loop its last value bears its
//! name. The statements of a condition stand in its place: their names go on to be known after it.

use super::array::part;
use super::body::{Body, Local, Pending, name_leaves, next_key};
use super::value::{Data, Val};
use super::{Elaborator, MAX_CALL_DEPTH, Reported};
use crate::constant::Constant;
use crate::diag::{Code, Diagnostic, Label};
use crate::lang::ast::{self, Carry, Domain, ExprId, For, If, Place, Statement, Target};
use crate::module::Tree;
use crate::span::Span;

/// All loops of a file together take no more turns than this.
const MAX_TURNS: usize = 1 << 20;

impl<'a> Elaborator<'a> {
    /// Does something that can hold itself, unless it does so too deeply for the stack.
    pub(super) fn within<T>(
        &mut self,
        span: Span,
        act: impl FnOnce(&mut Self) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        self.check_depth(span)?;
        self.blocks += 1;
        let result = act(self);
        self.blocks -= 1;
        result
    }

    /// An error where calls, loops and conditions are too many around one another.
    pub(super) fn check_depth(&mut self, span: Span) -> Result<(), Reported> {
        if self.active.len() + self.blocks < MAX_CALL_DEPTH {
            return Ok(());
        }
        let message = format!("calls and blocks nest more than {MAX_CALL_DEPTH} deep");
        Err(self.report(Diagnostic::error(Code::TooDeepCalls, message).primary(span, "here")))
    }

    /// Statements in order; those that failed are skipped.
    pub(super) fn statements(
        &mut self,
        body: &mut Body<'a>,
        statements: &'a [Statement],
    ) -> Result<(), Reported> {
        let mut failed = false;
        for statement in statements {
            let outcome = match statement {
                Statement::Definition(definition) => self.definition(body, definition),
                Statement::For(item) => self.for_statement(body, item),
                Statement::If(item) => self.if_statement(body, item),
            };
            failed |= outcome.is_err();
            let nodes = body.builder.with_graph(crate::graph::Graph::expanded_len);
            if nodes > self.options.max_nodes {
                // Of blocks within one another, the innermost has reported it.
                outcome?;
                let name = &body.graph.name.name;
                return Err(self.too_many_nodes(name, nodes, statement.span()));
            }
            if self.diagnostics.is_full() {
                return Err(Reported);
            }
        }
        if failed { Err(Reported) } else { Ok(()) }
    }

    // Conditions.

    fn if_statement(&mut self, body: &mut Body<'a>, item: &'a If) -> Result<(), Reported> {
        let mut chosen = None;
        for (condition, block) in &item.arms {
            match self.condition(body, *condition) {
                Ok(true) => {
                    chosen = Some(block);
                    break;
                }
                Ok(false) => {}
                Err(Reported) => {
                    let blocks = item.arms.iter().map(|(_, block)| block);
                    for name in blocks.chain(&item.otherwise).flat_map(defined_names) {
                        self.poison_name(body, name);
                    }
                    return Err(Reported);
                }
            }
        }
        let chosen = chosen.or(item.otherwise.as_ref());
        let blocks = item.arms.iter().map(|(_, block)| block);
        for block in blocks.chain(&item.otherwise) {
            if chosen.is_none_or(|chosen| chosen.span != block.span) {
                let names = defined_names(block).into_iter();
                let names = names.map(|name| (name.name.clone(), name.span));
                body.left_out.extend(names);
            }
        }
        match chosen {
            Some(block) => self.within(item.span, |this| this.statements(body, &block.statements)),
            None => Ok(()),
        }
    }

    /// The value of an `if` in an expression.
    pub(super) fn conditional(
        &mut self,
        body: &mut Body<'a>,
        arms: &[(ExprId, ExprId)],
        otherwise: ExprId,
        span: Span,
    ) -> Result<Val, Reported> {
        self.within(span, |this| {
            for (condition, value) in arms {
                if this.condition(body, *condition)? {
                    return this.expression(body, *value);
                }
            }
            this.expression(body, otherwise)
        })
    }

    fn condition(&mut self, body: &mut Body<'a>, condition: ExprId) -> Result<bool, Reported> {
        let span = self.ast.expr(condition).span;
        let val = match self.expression(body, condition)? {
            Val::Bool(truth) => return Ok(truth),
            Val::Error => return Err(Reported),
            Val::Name(name) => return Err(self.unknown_name(body, &name, span)),
            other => other,
        };
        let message = format!("a condition is true or false, not {}", val.describe());
        let help = match val {
            Val::Data(_) => {
                "it is known at compile time, made of dims, attributes and loop variables; \
                 `select(c, a, b)` chooses by a tensor"
            }
            _ => "compare it with something, as in `B > 1`",
        };
        let diagnostic = Diagnostic::error(Code::NotACondition, message);
        Err(self.report(diagnostic.primary(span, "").help(help)))
    }

    // Loops.

    fn for_statement(&mut self, body: &mut Body<'a>, item: &'a For) -> Result<(), Reported> {
        let outcome = self.within(item.span, |this| {
            let turns = this.turns(body, item)?;
            this.check_free(body, &item.variable)?;
            this.begin_carries(body, item)?;
            let outcome = turns
                .into_iter()
                .try_for_each(|val| this.turn(body, item, val));
            this.end_carries(body, item, outcome.is_ok())?;
            outcome
        });
        if outcome.is_err() {
            for carry in &item.carries {
                self.poison_name(body, &carry.name);
            }
        }
        outcome
    }

    /// What the variable stands for, turn by turn.
    fn turns(&mut self, body: &mut Body<'a>, item: &For) -> Result<Vec<Val>, Reported> {
        let array = match item.domain {
            Domain::Range { start, end } => {
                let (first, end) = (self.whole(body, start)?, self.whole(body, end)?);
                let count = usize::try_from(end.saturating_sub(first)).unwrap_or(0);
                self.count_turns(count, item.span)?;
                let numbers = first..end.max(first);
                return Ok(numbers.map(|i| Val::Number(Constant::integer(i))).collect());
            }
            Domain::Elements(array) => array,
        };
        let span = self.ast.expr(array).span;
        let elements = match self.expression(body, array)? {
            Val::List(items) | Val::Tuple(items) => items,
            Val::Data(data) => match &data.tree {
                Tree::Array { element, length } => {
                    let count = usize::try_from(*length).unwrap_or(usize::MAX);
                    let leaves = element.leaf_count();
                    let elements = (0..count).map(|at| part(&data, element, at * leaves));
                    elements.map(Val::Data).collect()
                }
                Tree::Leaf(_) | Tree::Struct { .. } => {
                    return Err(self.no_domain(&Val::Data(data), span));
                }
            },
            Val::Error => return Err(Reported),
            Val::Name(name) => return Err(self.unknown_name(body, &name, span)),
            other => return Err(self.no_domain(&other, span)),
        };
        self.count_turns(elements.len(), item.span)?;
        Ok(elements)
    }

    fn no_domain(&mut self, val: &Val, span: Span) -> Reported {
        let message = format!("a loop does not run over {}", val.describe());
        self.report(
            Diagnostic::error(Code::TypeMismatch, message)
                .primary(span, "")
                .help("it runs over integers, as in `0..4`, or over the elements of an array"),
        )
    }

    /// A whole number that is known at compile time.
    fn whole(&mut self, body: &mut Body<'a>, expr: ExprId) -> Result<i64, Reported> {
        let span = self.ast.expr(expr).span;
        let val = match self.expression(body, expr)? {
            Val::Name(name) => return Err(self.unknown_name(body, &name, span)),
            val => val,
        };
        let number = match &val {
            Val::Number(number) => number.as_i64(),
            _ => None,
        };
        if let (None, Val::Number(_)) = (number, &val)
            && let Some(reported) = self.inexact_in(&body.scope, expr)
        {
            return Err(reported);
        }
        number.ok_or_else(|| {
            let message = match val {
                Val::Number(_) => "a bound of a loop is a whole number".to_string(),
                other => format!("{} is no bound of a loop", other.describe()),
            };
            self.report(
                Diagnostic::error(Code::NotADim, message)
                    .primary(span, "")
                    .help("bounds are known at compile time: integers, dims, loop variables"),
            )
        })
    }

    fn count_turns(&mut self, turns: usize, span: Span) -> Result<(), Reported> {
        self.turns = self.turns.saturating_add(turns);
        // Whoever wants little work wants few turns, too.
        let limit = MAX_TURNS.min(self.options.max_nodes.saturating_mul(4));
        if self.turns <= limit {
            return Ok(());
        }
        let message = format!("loops take more than {limit} turns ({} so far)", self.turns);
        Err(self.report(
            Diagnostic::error(Code::TooManyTurns, message)
                .primary(span, "")
                .help("loops are unrolled at compile time; make an axis of a tensor of what repeats so often"),
        ))
    }

    /// An error where a loop would give a name to something that has it already.
    fn check_free(&mut self, body: &Body<'a>, name: &ast::Ident) -> Result<(), Reported> {
        let Some(first) = body.locals.get(&name.name).map(|local| local.span) else {
            return Ok(());
        };
        let message = format!("`{}` is defined already", name.name);
        Err(self.report(
            Diagnostic::error(Code::Shadowing, message)
                .primary(name.span, "defined again here")
                .secondary(first, "first defined here")
                .help("a loop has names of its own; choose another one"),
        ))
    }

    fn begin_carries(&mut self, body: &mut Body<'a>, item: &For) -> Result<(), Reported> {
        let mut initial = Vec::with_capacity(item.carries.len());
        for carry in &item.carries {
            initial.push(self.initial(body, carry)?);
        }
        for (carry, val) in item.carries.iter().zip(initial) {
            self.check_free(body, &carry.name)?;
            self.define_local(body, &carry.name, val);
        }
        Ok(())
    }

    fn initial(&mut self, body: &mut Body<'a>, carry: &Carry) -> Result<Val, Reported> {
        let span = self.ast.expr(carry.initial).span;
        let val = self.expression(body, carry.initial)?;
        // What is known at compile time may change from turn to turn, but stays what kind it is.
        match (&carry.ty, val) {
            (Some(ty), val) => {
                let tree = self.tree(&body.scope, ty)?;
                Ok(Val::Data(self.data_of_type(body, val, &tree, span)?))
            }
            (None, Val::Name(name)) if !self.is_function(&name) => {
                Err(self.unknown_name(body, &name, span))
            }
            (None, val) => Ok(val),
        }
    }

    /// One turn of a loop.
    fn turn(&mut self, body: &mut Body<'a>, item: &'a For, val: Val) -> Result<(), Reported> {
        let before = self.diagnostics.len();
        let text = turn_text(&item.variable.name, &val);
        body.scopes.push(Vec::new());
        self.define_local(body, &item.variable, val);
        for carry in &item.carries {
            begin_turn(body, &carry.name.name);
        }
        let outcome = self.statements(body, &item.body.statements);
        for name in body.scopes.pop().unwrap_or_default() {
            // The variable names what has a name outside.
            match undefine(body, &name) {
                Some(Local {
                    val: Val::Data(data),
                    ..
                }) if name != item.variable.name => {
                    body.turns.push((name, data));
                }
                Some(_) | None => {}
            }
        }
        let outcome = outcome.and_then(|()| {
            let mut carries = item.carries.iter();
            carries.try_for_each(|carry| self.hand_on(body, carry, item))
        });
        if let (Err(Reported), Some(text)) = (&outcome, text) {
            self.say_which_turn(before, item.variable.span, &text);
        }
        outcome
    }

    fn say_which_turn(&mut self, before: usize, span: Span, text: &str) {
        self.diagnostics.amend(before, |diagnostic| {
            let known = |label: &Label| label.span == span;
            if diagnostic.labels.iter().any(known) {
                return diagnostic;
            }
            diagnostic.secondary(span, text)
        });
    }

    /// Makes the next value of what is carried its value.
    fn hand_on(&mut self, body: &mut Body<'a>, carry: &Carry, item: &For) -> Result<(), Reported> {
        let name = &carry.name.name;
        let val = match body.pending.remove(&next_key(name)) {
            Some(Pending { tree, leaves }) => {
                let paths = tree.leaves(name).into_iter();
                let missing = paths.zip(&leaves).find(|(_, leaf)| leaf.is_none());
                if let Some(((path, _), _)) = missing {
                    return Err(self.not_handed_on(&next_key(&path), carry, item));
                }
                let leaves = leaves.iter().flatten().map(|(value, _)| *value).collect();
                Some(Val::Data(Data { tree, leaves }))
            }
            None => body.carried.remove(name).flatten().map(|(val, _)| val),
        };
        let Some(val) = val else {
            return Err(self.not_handed_on(&next_key(name), carry, item));
        };
        if let Val::Data(data) = &val {
            name_leaves(&body.builder, data, name);
        }
        undefine(body, name);
        self.define_local(body, &carry.name, val);
        Ok(())
    }

    /// Defines the next value of what is carried, and no tensor.
    pub(super) fn define_carried(
        &mut self,
        body: &mut Body<'a>,
        place: &Place,
        val: Val,
        span: Span,
    ) -> Result<(), Reported> {
        let name = &place.root.name;
        let was = body.locals.get(name).map(|local| &local.val);
        let alike = was.is_some_and(|was| {
            std::mem::discriminant(was) == std::mem::discriminant(&val) && place.path.is_empty()
        });
        if !alike {
            let was = was.map_or_else(String::new, Val::describe);
            let message = format!("`{name}` is carried as {was}, not as {}", val.describe());
            let ty = match &val {
                Val::Data(data) => data.tree.to_string(),
                _ => "f32[]".to_string(),
            };
            let help = format!("for a tensor, carry it with a type: `with {name}: {ty} = …`");
            return Err(self.report(
                Diagnostic::error(Code::TypeMismatch, message)
                    .primary(span, "")
                    .help(help),
            ));
        }
        let Some(slot) = body.carried.get_mut(name) else {
            return Err(Reported);
        };
        if let Some((_, first)) = slot {
            let (first, message) = (*first, format!("`{name}'` is defined twice"));
            return Err(self.report(
                Diagnostic::error(Code::Shadowing, message)
                    .primary(place.span, "defined again here")
                    .secondary(first, "first defined here"),
            ));
        }
        *slot = Some((val, place.span));
        Ok(())
    }

    fn not_handed_on(&mut self, path: &str, carry: &Carry, item: &For) -> Reported {
        let name = &carry.name.name;
        let message = format!("the loop does not define the next value `{path}`");
        self.report(
            Diagnostic::error(Code::MissingResult, message)
                .primary(carry.span, "carried from here")
                .secondary(item.body.span, "through this")
                .help(format!(
                    "define it in the body: `{name}' = …`, or `{name}' = {name}` to keep it"
                )),
        )
    }

    /// Gives the names of what was carried to its last values, which may be results of the graph.
    fn end_carries(
        &mut self,
        body: &mut Body<'a>,
        item: &For,
        complete: bool,
    ) -> Result<(), Reported> {
        for carry in &item.carries {
            let name = &carry.name.name;
            body.pending.remove(&next_key(name));
            body.carried.remove(name);
            let Some(local) = undefine(body, name) else {
                continue;
            };
            if complete {
                let place = Place {
                    root: carry.name.clone(),
                    path: Vec::new(),
                    next: None,
                    ty: None,
                    span: carry.name.span,
                };
                self.bind(body, &Target::Place(place), local.val, carry.span)?;
            }
        }
        Ok(())
    }

    /// Gives a value a name, up to the end of the turn of the loop around it. Whole numbers can be
    /// used as dims by it.
    pub(super) fn define_local(&mut self, body: &mut Body<'a>, name: &ast::Ident, val: Val) {
        self.observe(name.span, &val);
        if let Val::Number(number) = &val
            && let Some(value) = number.as_i64()
            && !body.scope.dims.contains_key(&name.name)
            && !(self.file_dims.contains_key(&name.name) && name.span.file == self.ast.file)
        {
            body.scope.dims.insert(name.name.clone(), value);
            body.numbers.insert(name.name.clone());
        }
        if let Some(names) = body.scopes.last_mut() {
            names.push(name.name.clone());
        }
        let span = name.span;
        body.locals.insert(name.name.clone(), Local { val, span });
    }

    /// Makes uses of a name that could not be defined silent.
    pub(super) fn poison_name(&mut self, body: &mut Body<'a>, name: &ast::Ident) {
        if !body.locals.contains_key(&name.name) {
            self.define_local(body, name, Val::Error);
        }
    }
}

/// Lets the body of a loop define the next value of what it carries.
fn begin_turn(body: &mut Body<'_>, name: &str) {
    match body.locals.get(name).map(|local| &local.val) {
        Some(Val::Data(data)) => {
            let pending = Pending::new(&data.tree);
            body.pending.insert(next_key(name), pending);
        }
        Some(_) | None => {
            body.carried.insert(name.to_string(), None);
        }
    }
}

/// Takes a name back.
fn undefine(body: &mut Body<'_>, name: &str) -> Option<Local> {
    if body.numbers.remove(name) {
        body.scope.dims.remove(name);
    }
    body.locals.remove(name)
}

/// The turn that an error belongs to, where that can be said in a few words.
fn turn_text(variable: &str, val: &Val) -> Option<String> {
    match val {
        Val::Number(number) => Some(format!("in the turn {variable} = {number}")),
        _ => None,
    }
}

/// The names that a block would define for what follows it.
fn defined_names(block: &ast::Block) -> Vec<&ast::Ident> {
    let mut names = Vec::new();
    let mut open = vec![block];
    while let Some(block) = open.pop() {
        for statement in &block.statements {
            match statement {
                Statement::Definition(definition) => {
                    let whole = definition.pattern.targets().iter();
                    names.extend(whole.filter_map(|target| match target {
                        Target::Place(place) if place.is_name() => Some(&place.root),
                        Target::Place(_) | Target::Discard(_) => None,
                    }));
                }
                Statement::For(item) => names.extend(item.carries.iter().map(|carry| &carry.name)),
                Statement::If(item) => {
                    open.extend(item.arms.iter().map(|(_, block)| block));
                    open.extend(&item.otherwise);
                }
            }
        }
    }
    names
}

impl Place {
    /// Whether it is a name alone.
    pub(super) fn is_name(&self) -> bool {
        self.path.is_empty() && self.next.is_none()
    }
}
