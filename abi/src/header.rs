//! The C header of a library: C11 and C++17, self-contained, free of warnings.
//!
//! Types that all libraries share, and DLPack's, stand behind include guards of their own, so that
//! the headers of several libraries go together in one file.

use crate::layout::{CStruct, STRUCTS};
use crate::names::{FieldType, StructType, field_type, guard_macro};
use crate::{
    ABI_VERSION, Direction, Entry, EntryInfo, EntrySymbols, Interface, Leaf, Param, STATUS_BITS,
    STATUS_MASK, Status, Tree, WORKSPACE_ALIGN,
};

const DLPACK: &str = include_str!("dlpack.h.in");

/// Writes the header of a library.
#[must_use]
pub fn render(interface: &Interface<'_>) -> String {
    let library = interface.library;
    let guard = guard_macro(&library.name);
    let parts = [
        introduction(interface),
        format!("#ifndef {guard}\n#define {guard}\n"),
        "#include <stddef.h>\n#include <stdint.h>\n".to_owned(),
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n".to_owned(),
        DLPACK.to_owned(),
        shared(),
        structs(interface),
        entries(interface),
        functions(interface),
        calls(interface),
        "#ifdef __cplusplus\n}\n#endif\n".to_owned(),
        format!("#endif /* {guard} */\n"),
    ];
    let parts = parts.iter().filter(|part| !part.is_empty());
    let parts: Vec<_> = parts.map(|part| part.trim_end()).collect();
    parts.join("\n\n") + "\n"
}

fn introduction(interface: &Interface<'_>) -> String {
    let library = interface.library;
    let features = if library.features.is_empty() {
        String::new()
    } else {
        format!(", on a CPU that has {}", library.features.join(", "))
    };
    let rules = "Tensors are dense, row-major, in host memory, and aligned to their element type. \
        A bool is one byte, 0 or 1; an f16 (IEEE 754 binary16) or bf16 (the upper half of \
        a float) is its 16 bits, as a uint16_t. A pointer to a tensor without elements may be NULL. The memory \
        of a tensor that is written (inout, out) overlaps neither another tensor nor the \
        workspace; tensors that are only read (in) may overlap one another.\n\n\
        Functions return LGC_OK (0) or another code, in which LGC_STATUS is the status and \
        LGC_ARGUMENT says which tensor is at fault; then inout tensors are unchanged, and out \
        tensors unspecified. They are re-entrant: calls may run at once that share no workspace \
        and no tensor that is written.";
    let mut text = format!(
        "C interface of `{}`, written by {}. Do not edit.\nCompiled for {}{features}.\n",
        library.name, library.compiler, library.target
    );
    if !library.doc.is_empty() {
        text.push_str(&format!("\n{}\n", library.doc));
    }
    comment("", &format!("{text}\n{rules}"))
}

/// What the headers of all libraries have in common.
fn shared() -> String {
    let structs: String = STRUCTS.iter().map(shared_struct).collect();
    let statuses: String = Status::ALL
        .iter()
        .map(|status| {
            let (name, code) = (status.c_name(), status.code());
            format!("#define {name} {code} /* {} */\n", status.text())
        })
        .collect();
    let directions: String = [Direction::In, Direction::InOut, Direction::Out]
        .into_iter()
        .map(|direction| {
            let name = direction.name().to_ascii_uppercase();
            format!(
                "#define LGC_{name} {}\n",
                crate::info::direction_code(direction)
            )
        })
        .collect();
    format!(
        "/* What the libraries of lgc share. */\n\
         #ifndef LGC_ABI_H_INCLUDED\n\
         #define LGC_ABI_H_INCLUDED\n\
         #define LGC_ABI_VERSION {ABI_VERSION}\n\n\
         {ALIGNED}\n\
         /* Status of a call. */\n{statuses}\n\
         /* A call returns one of these; where a tensor is at fault, its position is in the bits above. */\n\
         #define LGC_STATUS(code) ((code) & {STATUS_MASK})\n\
         /* The index of that tensor in lgc_entry.tensors, or -1. */\n\
         #define LGC_ARGUMENT(code) (((code) >> {STATUS_BITS}) - 1)\n\n\
         /* Direction of a tensor. */\n{directions}\n\
         {THREADS}\n\
         {structs}\
         {DESCRIBE}\
         #elif LGC_ABI_VERSION != {ABI_VERSION}\n\
         #error \"headers that were written by incompatible versions of lgc\"\n\
         #endif /* LGC_ABI_H_INCLUDED */\n"
    )
}

/// `static` may precede the macro in C and in C++, which rules the standard specifiers out where
/// the compiler has an attribute.
const ALIGNED: &str = "\
/* Aligns the object whose declaration it begins; `static` goes before it. */
#if defined(__GNUC__)
#define LGC_ALIGNED(bytes) __attribute__((aligned(bytes)))
#elif defined(_MSC_VER)
#define LGC_ALIGNED(bytes) __declspec(align(bytes))
#elif defined(__cplusplus)
#define LGC_ALIGNED(bytes) alignas(bytes)
#else
#define LGC_ALIGNED(bytes) _Alignas(bytes)
#endif
";

/// What the struct of a context refers to.
const THREADS: &str = "\
/* A pool of threads. */
typedef struct lgc_pool lgc_pool;

/* One of the tasks that a call is cut into, by its number. Tasks may run at once, in any order. */
typedef void (*lgc_task)(void *task_data, uint64_t number);

/* Calls task(task_data, number) once for each number from 0 to count - 1, on any threads, and returns
   when all are done. */
typedef void (*lgc_parallel_for)(void *data, uint64_t count, lgc_task task, void *task_data);
";

/// What says of which tensor a status is. It calls nothing, so that hosts need no library.
const DESCRIBE: &str = "\
/* Writes what a code means and of which tensor of the entry, at most size bytes with the NUL at the
   end, which is there unless size is 0; the length of the whole text, as snprintf does. */
static inline size_t lgc_describe(const lgc_entry *entry, const char *meaning, int32_t code,
    char *text, size_t size)
{
    const int32_t tensor = LGC_ARGUMENT(code);
    const int named = code > 0 && tensor >= 0 && (uint64_t)tensor < entry->tensor_count;
    const char *const none = \"\";
    const char *parts[5];
    size_t length = 0;
    int part;
    parts[0] = entry->name;
    parts[1] = \": \";
    parts[2] = named ? entry->tensors[tensor].name : none;
    parts[3] = named ? \": \" : none;
    parts[4] = meaning;
    for (part = 0; part < 5; part++) {
        const char *from;
        for (from = parts[part]; *from != 0; from++, length++)
            if (length + 1 < size) text[length] = *from;
    }
    if (size > 0) text[length < size ? length : size - 1] = 0;
    return length;
}

";

fn shared_struct(structure: &CStruct) -> String {
    let fields: String = structure
        .fields
        .iter()
        .map(|field| {
            let doc = field.doc.trim();
            format!("    {}{}; /* {doc} */\n", field.c_type, field.name)
        })
        .collect();
    let (doc, name) = (comment("", structure.doc.trim()), structure.name);
    format!("{doc}typedef struct {name} {{\n{fields}}} {name};\n\n")
}

fn structs(interface: &Interface<'_>) -> String {
    let mut text = String::new();
    for structure in &interface.structs {
        for direction in [Direction::In, Direction::InOut] {
            if structure.used[usize::from(direction.is_written())] {
                text.push_str(&struct_declaration(interface, structure, direction));
            }
        }
    }
    text
}

fn struct_declaration(
    interface: &Interface<'_>,
    structure: &StructType,
    direction: Direction,
) -> String {
    let mut fields = String::new();
    for field in &structure.fields {
        fields.push_str(&documentation(&field.doc));
        let field = declarator(interface, &field.kind, direction, &field.name);
        fields.push_str(&format!("    {field};\n"));
    }
    let identifier = interface.struct_type(&structure.name, direction);
    let access = match direction {
        Direction::In => "tensors that are only read",
        Direction::InOut | Direction::Out => "tensors that are written",
    };
    let what = format!("struct {}, of {access}.", structure.name);
    let doc = [what.as_str(), structure.doc.as_str()].join("\n");
    format!(
        "{}typedef struct {identifier} {{\n{fields}}} {identifier};\n\n",
        comment("", doc.trim_end())
    )
}

/// The declaration of a field without `;`: `const float *w`, `digits_Block blocks[12]`.
fn declarator(
    interface: &Interface<'_>,
    field: &FieldType,
    direction: Direction,
    name: &str,
) -> String {
    match field {
        FieldType::Pointer(dtype) => {
            let qualifier = if direction.is_written() { "" } else { "const " };
            format!("{qualifier}{} *{name}", crate::c_type(*dtype))
        }
        FieldType::Struct(structure) => {
            format!("{} {name}", interface.struct_type(structure, direction))
        }
        FieldType::Array(element, lengths) => {
            let lengths: String = lengths.iter().map(|length| format!("[{length}]")).collect();
            declarator(interface, element, direction, &format!("{name}{lengths}"))
        }
    }
}

/// What a parameter is, as its comment says: `f32[64]`, `Linear`, `Block[12]`.
fn described(tree: &Tree) -> String {
    let (element, lengths) = tree.innermost();
    let element = match element {
        Tree::Leaf(tensor) => tensor.to_string(),
        Tree::Struct { name, .. } => name.clone(),
        Tree::Array { .. } => String::new(),
    };
    let lengths: String = lengths.iter().map(|length| format!("[{length}]")).collect();
    element + &lengths
}

fn entries(interface: &Interface<'_>) -> String {
    interface
        .entries()
        .map(|(entry, symbols)| entry_declaration(interface, entry, symbols))
        .collect::<Vec<_>>()
        .join("\n")
}

fn entry_declaration(interface: &Interface<'_>, entry: &Entry, symbols: &EntrySymbols) -> String {
    let EntrySymbols {
        call,
        run,
        call_symbol,
        run_symbol,
        signature,
        args,
        workspace_bytes,
        workspace,
        ..
    } = symbols;
    let leaves = entry.leaves();
    let hash = EntryInfo::new(&interface.library.name, entry).signature();
    format!(
        "{banner}\
         #define {signature} UINT64_C({hash:#018x})\n\
         #define {workspace_bytes} {bytes}\n\
         {declaring}\
         #define {workspace}(name) LGC_ALIGNED({WORKSPACE_ALIGN}) unsigned char name[{size}]\n\n\
         {arguments}\
         typedef struct {args} {{\n{fields}}} {args};\n\n\
         int32_t {call_symbol}(const {args} *args, void *workspace, const lgc_ctx *ctx,\n    \
             uint64_t signature);\n\
         int32_t {run_symbol}(const DLTensor *const *in, DLTensor *const *out, void *workspace,\n    \
             const lgc_ctx *ctx, uint64_t signature);\n\n\
         {doc}\
         static inline int32_t {call}(const {args} *args, void *workspace, const lgc_ctx *ctx)\n\
         {{\n    return {call_symbol}(args, workspace, ctx, {signature});\n}}\n\n\
         {run_doc}\
         static inline int32_t {run}(const DLTensor *const *in, DLTensor *const *out,\n    \
             void *workspace, const lgc_ctx *ctx)\n\
         {{\n    return {run_symbol}(in, out, workspace, ctx, {signature});\n}}\n",
        banner = comment("", &format!("---- {} ----", entry.name)),
        bytes = entry.workspace_bytes,
        size = if entry.workspace_bytes == 0 {
            "1"
        } else {
            workspace_bytes
        },
        declaring = comment(
            "",
            &format!("Declares a workspace for {call}: `static {workspace}(memory);`.")
        ),
        arguments = comment("", &arguments_text(call, &leaves)),
        fields = args_fields(interface, entry, symbols),
        doc = comment("", &call_text(entry, workspace_bytes)),
        run_doc = comment("", &run_text(call, &leaves)),
    )
}

/// The fields of the argument struct, each with its parameter's documentation.
fn args_fields(interface: &Interface<'_>, entry: &Entry, symbols: &EntrySymbols) -> String {
    let mut text = String::new();
    for (param, name) in entry.params.iter().zip(&symbols.fields) {
        text.push_str(&documentation(&param_text(param)));
        let field = declarator(interface, &field_type(&param.tree), param.direction, name);
        let (direction, what) = (param.direction.name(), described(&param.tree));
        text.push_str(&format!("    {field}; /* {direction}: {what} */\n"));
    }
    text
}

/// The author's words about a parameter, and where its elements lie.
fn param_text(param: &Param) -> String {
    let range = param.range;
    let range = range
        .is_declared()
        .then(|| format!("Every element lies in {range}."));
    let doc = Some(param.doc.clone()).filter(|doc| !doc.is_empty());
    doc.into_iter().chain(range).collect::<Vec<_>>().join("\n")
}

fn arguments_text(call: &str, leaves: &[Leaf]) -> String {
    let width = leaves.iter().map(|leaf| leaf.path.len()).max().unwrap_or(0);
    let aliasing = |direction| match direction {
        Direction::In => "read",
        Direction::InOut => "read and updated in place, overlaps nothing else",
        Direction::Out => "written, overlaps nothing else",
    };
    let tensors: String = leaves
        .iter()
        .map(|leaf| {
            let (path, tensor) = (&leaf.path, leaf.tensor.to_string());
            let aliasing = aliasing(leaf.direction);
            format!("  {path:width$}  {tensor:16}  {aliasing}\n")
        })
        .collect();
    let count = leaves.len();
    let pointers = if count == 1 { "pointer" } else { "pointers" };
    format!("Arguments of {call}: {count} {pointers}, in this order.\n{tensors}")
}

fn call_text(entry: &Entry, workspace_bytes: &str) -> String {
    let doc = if entry.doc.is_empty() {
        String::new()
    } else {
        format!("{}\n\n", entry.doc)
    };
    let workspace = if entry.workspace_bytes == 0 {
        "workspace is not used and may be NULL.".to_owned()
    } else {
        format!(
            "workspace: {workspace_bytes} bytes, aligned to {WORKSPACE_ALIGN}; its content need \
             not be kept."
        )
    };
    format!("{doc}{workspace}\nctx may be NULL.")
}

fn run_text(call: &str, leaves: &[Leaf]) -> String {
    let list = |written: bool| {
        let chosen = leaves
            .iter()
            .filter(|leaf| leaf.direction.is_written() == written);
        let paths: Vec<_> = chosen.map(|leaf| leaf.path.as_str()).collect();
        if paths.is_empty() {
            "none; may be NULL".to_owned()
        } else {
            wrap(&paths.join(", "), 84).join("\n       ")
        }
    };
    format!(
        "{call} on DLTensors, whose device, type, shape, strides and overlap are checked.\n  \
         in:  {}\n  out: {}",
        list(false),
        list(true)
    )
}

/// The author's words about a field, above it.
fn documentation(doc: &str) -> String {
    if doc.is_empty() {
        String::new()
    } else {
        comment("    ", doc)
    }
}

/// Breaks a line at spaces so that no line is longer than `width`, where words allow.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A block comment of the given lines, wrapped; text that would end it or that compilers warn of
/// is broken up.
fn comment(indent: &str, text: &str) -> String {
    let lines = text.trim_end().lines().flat_map(|line| {
        if line.starts_with(' ') {
            vec![line.to_owned()]
        } else {
            wrap(line, 94 - indent.len())
        }
    });
    let lines: Vec<String> = lines.map(|line| comment_line(&line)).collect();
    format!("{indent}/* {} */\n", lines.join(&format!("\n{indent}   ")))
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Whether a character changes how the text around it is shown, and shows nothing itself: marks and overrides of
/// direction, zero-width characters, line separators. Compilers warn of them, since they can make a comment look
/// like code.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn comment_line(line: &str) -> String {
    let printable: String = line
        .chars()
        .map(
            |character| match character.is_control() || is_invisible(character) {
                true => ' ',
                false => character,
            },
        )
        .collect();
    let mut line = printable
        .replace("*/", "* /")
        .replace("/*", "/ *")
        .replace("??", "? ?");
    if line.ends_with('\\') {
        line.push('.');
    }
    line
}

fn functions(interface: &Interface<'_>) -> String {
    format!(
        "/* What the library tells about itself; never NULL. */\n\
         const lgc_info *{}(void);\n\n\
         /* What the status of a code means, in English; never NULL. */\n\
         const char *{}(int32_t code);\n\n\
         /* Makes a pool of that many threads, the caller's included; 0: as many as there are\n   \
            processors. It serves one call at a time; a call that finds it busy runs on its own\n   \
            thread. Fewer threads, or NULL (which an lgc_ctx may have too), where there are no more,\n   \
            and where no entry of this library has work for them. After a fork, the child's copy has\n   \
            no threads. */\n\
         lgc_pool *{}(uint32_t threads);\n\n\
         /* Ends a pool that no call uses, and waits for its threads; before the library that made it\n   \
            is unloaded. NULL is allowed. */\n\
         void {}(lgc_pool *pool);\n",
        interface.info_symbol(),
        interface.strerror_symbol(),
        interface.pool_create_symbol(),
        interface.pool_destroy_symbol()
    )
}

/// What says what the codes of each entry mean.
fn calls(interface: &Interface<'_>) -> String {
    let (meaning, info) = (interface.strerror_symbol(), interface.info_symbol());
    let describe = |(number, (_, symbols)): (usize, (&Entry, &EntrySymbols))| {
        let EntrySymbols { call, strerror, .. } = symbols;
        format!(
            "/* What a code of {call} means, and of which tensor: see lgc_describe. */\n\
             static inline size_t {strerror}(int32_t code, char *text, size_t size)\n\
             {{\n    return lgc_describe(&{info}()->entries[{number}], {meaning}(code), code, text, \
             size);\n}}\n"
        )
    };
    let texts = interface.entries().enumerate().map(describe);
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
