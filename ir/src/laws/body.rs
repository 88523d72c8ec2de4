//! What is known of the bodies of loops and branches from the graph around them.
//!
//! A slice lies where the stacked tensor does, a closed value where the operand does. Of a carried
//! value nothing is known but what the body itself shows of the next one, so that what holds in every
//! turn is what holds for any value that is carried.

use super::range::{Range, Ranges};
use crate::graph::{Graph, NodeId};
use crate::op::{Family, Region, ScanRole};
use std::rc::Rc;

/// A body that a node runs.
pub(super) struct Body<'g> {
    pub(super) region: &'g Rc<Region>,
    /// Where its parameters lie.
    pub(super) ranges: Vec<Range>,
    /// Through which of its parameters a derivative may flow, if one flows through the node.
    pub(super) flow: Vec<bool>,
}

/// The bodies that a node runs at least once.
pub(super) fn bodies<'g>(
    graph: &'g Graph,
    node: NodeId,
    ranges: &Ranges,
    flow: &[bool],
) -> Vec<Body<'g>> {
    let operands = graph.operands(node);
    let flows = |operand: usize| flow.get(operands[operand].node.index()) == Some(&true);
    match graph.op(node).family() {
        Family::Scan(scan) if scan.length > 0 => {
            let is_carry = |at: usize| scan.role(at) == ScanRole::Carry;
            let range = |at: usize| match is_carry(at) {
                true => Range::ANY,
                false => ranges.value(operands[at]),
            };
            vec![Body {
                region: &scan.region,
                ranges: (0..operands.len()).map(range).collect(),
                flow: (0..operands.len())
                    .map(|at| is_carry(at) || flows(at))
                    .collect(),
            }]
        }
        Family::Cond(cond) => {
            let branch = |region| Body {
                region,
                ranges: operands.iter().skip(1).map(|x| ranges.value(*x)).collect(),
                flow: (1..operands.len()).map(flows).collect(),
            };
            vec![branch(&cond.then), branch(&cond.otherwise)]
        }
        Family::Scan(_)
        | Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Barrier
        | Family::Leaf(_)
        | Family::Composite(_) => Vec::new(),
    }
}

/// Where the results of a loop or branch lie. What is carried is the initial value where there is no
/// turn, else what the body yields for it.
pub(super) fn results(graph: &Graph, node: NodeId, ranges: &Ranges) -> Vec<Range> {
    let yielded = |body: &Body<'_>| -> Vec<Range> {
        let inner = Ranges::given(body.region.body(), &body.ranges);
        let outputs = body.region.body().outputs().iter();
        outputs.map(|output| inner.value(output.value)).collect()
    };
    let join = |x: Vec<Range>, y: Vec<Range>| x.iter().zip(&y).map(|(x, y)| x.join(y)).collect();
    let bodies = bodies(graph, node, ranges, &[]);
    let results = bodies.iter().map(yielded).reduce(join);
    results.unwrap_or_default()
}
