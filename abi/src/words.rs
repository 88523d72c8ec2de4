//! Words that names in C must not be: those of the language, of the headers that every header of a
//! library includes, and of what all libraries share.

/// Names at file scope of the header that no table states.
pub(crate) const SHARED: &[&str] = &[
    "DLPACK_DLPACK_H_",
    "DLDataType",
    "DLDataTypeCode",
    "DLDevice",
    "DLDeviceType",
    "DLManagedTensor",
    "DLTensor",
    "LGC_ABI_H_INCLUDED",
    "LGC_ABI_VERSION",
    "LGC_ALIGNED",
    "LGC_ARGUMENT",
    "LGC_IN",
    "LGC_INOUT",
    "LGC_OUT",
    "LGC_STATUS",
    "kDLBfloat",
    "kDLBool",
    "kDLCPU",
    "kDLFloat",
    "kDLInt",
    "kDLUInt",
    "lgc_parallel_for",
    "lgc_pool",
    "lgc_task",
    "lgc_describe",
];

/// Whether a name is that of a macro of `<stdint.h>`, which the header includes: limits, widths and
/// constants of its types, those that C23 reserves included.
pub(crate) fn is_stdint_macro(name: &str) -> bool {
    let limits = |rest: &str| matches!(rest, "_MIN" | "_MAX" | "_WIDTH" | "_C");
    let other = ["PTRDIFF", "SIG_ATOMIC", "SIZE", "WCHAR", "WINT"];
    let rest_of_other = other.iter().find_map(|prefix| name.strip_prefix(prefix));
    let integer = name.strip_prefix("UINT").or(name.strip_prefix("INT"));
    let rest_of_integer = integer.map(|kind| {
        let kind = ["_LEAST", "_FAST", "PTR", "MAX"]
            .iter()
            .find_map(|prefix| kind.strip_prefix(prefix))
            .unwrap_or(kind);
        kind.trim_start_matches(|digit: char| digit.is_ascii_digit())
    });
    rest_of_other.is_some_and(limits) || rest_of_integer.is_some_and(limits)
}

/// Keywords of C (to C23) and C++ (to C++23), and names that common compilers or the included
/// headers define as macros or types.
#[rustfmt::skip]
pub(crate) const RESERVED: &[&str] = &[
    "NULL", "alignas", "alignof", "and", "and_eq", "asm", "assert", "auto", "bitand", "bitor",
    "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class",
    "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const", "const_cast",
    "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do",
    "double", "dynamic_cast", "else", "enum", "errno", "explicit", "export", "extern", "false",
    "far", "float", "for", "fortran", "friend", "goto", "i386", "if", "imaginary", "inline",
    "int", "int16_t", "int32_t", "int64_t", "int8_t", "interface", "intptr_t", "linux", "long",
    "max_align_t", "mutable", "namespace", "near", "new", "noexcept", "not", "not_eq",
    "nullptr", "nullptr_t", "offsetof", "operator", "or", "or_eq", "private", "protected",
    "ptrdiff_t", "public", "register", "reinterpret_cast", "requires", "restrict", "return",
    "short", "signed", "size_t", "sizeof", "small", "static", "static_assert", "static_cast",
    "stderr", "stdin", "stdout", "struct", "switch", "template", "this", "thread_local",
    "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "typeof_unqual",
    "uint16_t", "uint32_t", "uint64_t", "uint8_t", "uintptr_t", "union", "unix", "unsigned",
    "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq", "I",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_of_stdint_are_known() {
        let macros = [
            "INT8_MIN",
            "INT32_MAX",
            "UINT64_C",
            "INT_LEAST16_MAX",
            "UINT_FAST32_MAX",
            "INTPTR_MIN",
            "UINTMAX_C",
            "INT_FAST8_WIDTH",
            "SIZE_MAX",
            "PTRDIFF_MIN",
            "WCHAR_MAX",
            "SIG_ATOMIC_WIDTH",
            "WINT_MIN",
        ];
        assert!(macros.iter().all(|name| is_stdint_macro(name)));
        let others = [
            "INT",
            "INT32",
            "INT_X",
            "MAX",
            "int32_max",
            "SIZE",
            "POINT_MAX",
            "INT32_MAX_",
        ];
        assert!(!others.iter().any(|name| is_stdint_macro(name)));
    }
}
