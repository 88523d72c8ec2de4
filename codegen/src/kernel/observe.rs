//! Programs that show what their buffers hold on the way.

use super::{Arg, Buffer, BufferId, Program, Role, Step};

impl Program {
    /// The program with one more output for each of `buffers`, in order, after its own: what the
    /// buffer holds after the last step that writes it. Kernels, their order and the workspace stay as
    /// they are; all that is added is copies, which nothing reads.
    ///
    /// A buffer that no step writes is copied at the end.
    #[must_use]
    pub fn observed(&self, buffers: &[BufferId]) -> Program {
        let mut observed = self.clone();
        let is_output = |buffer: &&Buffer| matches!(buffer.role, Role::Output(_));
        let first = self.buffers.iter().filter(is_output).count() as u32;
        // By the number of steps before the copy.
        let mut copies: Vec<(usize, Step)> = Vec::new();
        for (number, &buffer) in (first..).zip(buffers) {
            let Some(Buffer { name, ty, .. }) = self.buffers.get(buffer.index()) else {
                continue;
            };
            let seen = BufferId(observed.buffers.len() as u32);
            observed.buffers.push(Buffer {
                name: format!("{name}_seen{number}").into(),
                ty: ty.clone(),
                role: Role::Output(number),
            });
            let written = self
                .steps
                .iter()
                .rposition(|step| self.writes(step, buffer));
            if ty.elements() > 0 {
                let copy = Step::Copy {
                    from: Arg::whole(buffer),
                    to: Arg::whole(seen),
                };
                copies.push((written.map_or(self.steps.len(), |at| at + 1), copy));
            }
        }
        copies.sort_by_key(|(at, _)| *at);
        let mut copies = copies.into_iter().peekable();
        observed.steps = Vec::with_capacity(self.steps.len() + buffers.len());
        for at in 0..=self.steps.len() {
            while let Some((_, copy)) = copies.next_if(|(before, _)| *before == at) {
                observed.steps.push(copy);
            }
            observed.steps.extend(self.steps.get(at).cloned());
        }
        observed
    }

    /// Whether a step, or one inside it, writes a buffer.
    fn writes(&self, step: &Step, buffer: BufferId) -> bool {
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            let writes = match step {
                Step::Launch { kernel, args } => {
                    let kernel = self.kernels.get(kernel.index());
                    let params = kernel.into_iter().flat_map(|kernel| kernel.params());
                    let mut written = args.iter().zip(params);
                    written.any(|(arg, (_, _, mode))| arg.buffer == buffer && mode.is_written())
                }
                Step::Copy { to, .. } => to.buffer == buffer,
                Step::Check { .. } | Step::Loop { .. } | Step::If { .. } => false,
            };
            if writes {
                return true;
            }
            open.extend(step.inner().flatten());
        }
        false
    }
}
