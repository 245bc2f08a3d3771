/* SPDX-License-Identifier: MIT */
/*
 * Compiled against the headers of one CPython (-I its include directory),
 * prints that version's row of tachyon-record/cpython/layouts.c, without the
 * builds that it is of.  -DPy_DEBUG=1 and -DPy_GIL_DISABLED=1 make it that of
 * another build.  The headers are the authority; nothing in a row is typed by
 * hand.
 */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <internal/pycore_gil.h>
#include <internal/pycore_pystate.h>
#if PY_VERSION_HEX >= 0x03090000
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#endif
#if PY_VERSION_HEX < 0x030b0000
#include <frameobject.h>
#else
#include <internal/pycore_code.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_moduleobject.h>
#include <internal/pycore_object.h>
#endif
#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_genobject.h>
#endif
#if PY_VERSION_HEX >= 0x030e0000
#include <internal/pycore_interpframe_structs.h>
#endif

#define ROW(field, value) printf("\t\t[FIELD_" #field "] = %d,\n", (int)(value))
#define AT(field, type, member) ROW(field, offsetof(type, member))
#define NONE(field) printf("\t\t[FIELD_" #field "] = ABSENT,\n")

#if PY_VERSION_HEX < 0x030b0000
/*
 * What no header has: Objects/dict-common.h, and Objects/moduleobject.c or
 * internal/pycore_moduleobject.h, in which nothing is conditional.
 */
struct _dictkeysobject {
	Py_ssize_t dk_refcnt, dk_size;
	void *dk_lookup;
	Py_ssize_t dk_usable, dk_nentries;
	char dk_indices[1];
};
typedef struct {
	PyObject_HEAD
	PyObject *md_dict;
} PyModuleObject;
#endif

static void runtime_fields(void)
{
	AT(runtime_interpreters_head, _PyRuntimeState, interpreters.head);
#if PY_VERSION_HEX < 0x030c0000
	AT(runtime_gil, _PyRuntimeState, ceval.gil);
#else
	NONE(runtime_gil);
#endif
#if PY_VERSION_HEX < 0x030c0000
	AT(runtime_current, _PyRuntimeState, gilstate.tstate_current);
#else
	NONE(runtime_current);
#endif
#if PY_VERSION_HEX < 0x03090000
	AT(runtime_gc_collecting, _PyRuntimeState, gc.collecting);
#else
	NONE(runtime_gc_collecting);
#endif
#if PY_VERSION_HEX < 0x030b0000
	AT(runtime_main_thread, _PyRuntimeState, main_thread);
#else
	NONE(runtime_main_thread);
#endif
}

static void interp_fields(void)
{
	AT(interp_next, PyInterpreterState, next);
	AT(interp_id, PyInterpreterState, id);
#if PY_VERSION_HEX < 0x030b0000
	AT(interp_threads_head, PyInterpreterState, tstate_head);
#else
	AT(interp_threads_head, PyInterpreterState, threads.head);
#endif
#if PY_VERSION_HEX < 0x030c0000
	AT(interp_modules, PyInterpreterState, modules);
	NONE(interp_gil);
#else
	AT(interp_modules, PyInterpreterState, imports.modules);
	AT(interp_gil, PyInterpreterState, ceval.gil);
#endif
#if PY_VERSION_HEX < 0x03090000
	NONE(interp_gc_collecting);
#else
	ROW(interp_gc_collecting, offsetof(PyInterpreterState, gc) +
	    offsetof(struct _gc_runtime_state, collecting));
#endif
#if PY_VERSION_HEX < 0x030f0000
	NONE(interp_gc_frame);
#else
	ROW(interp_gc_frame, offsetof(PyInterpreterState, gc) +
	    offsetof(struct _gc_runtime_state, frame));
#endif
#if PY_VERSION_HEX < 0x030e0000
	NONE(interp_code_generation);
#else
	AT(interp_code_generation, PyInterpreterState, _code_object_generation);
#endif
#if PY_VERSION_HEX >= 0x030e0000 && defined(Py_GIL_DISABLED)
	AT(interp_copy_generation, PyInterpreterState, tlbc_indices.tlbc_generation);
#else
	NONE(interp_copy_generation);
#endif
#ifdef Py_GIL_DISABLED
	AT(interp_stw_requester, PyInterpreterState, stoptheworld.requester);
	AT(gil_enabled, struct _gil_runtime_state, enabled);
#else
	NONE(interp_stw_requester);
	NONE(gil_enabled);
#endif
	AT(gil_last_holder, struct _gil_runtime_state, last_holder);
	AT(gil_locked, struct _gil_runtime_state, locked);
	AT(gil_switch_number, struct _gil_runtime_state, switch_number);
	ROW(gil_size, sizeof(struct _gil_runtime_state));
}

static void thread_fields(void)
{
	AT(thread_next, PyThreadState, next);
	AT(thread_interp, PyThreadState, interp);
#if PY_VERSION_HEX < 0x030d0000
	NONE(thread_state);
#else
	AT(thread_state, PyThreadState, state);
#endif
#if PY_VERSION_HEX < 0x030b0000
	AT(thread_current_frame, PyThreadState, frame);
	NONE(thread_cframe);
#elif PY_VERSION_HEX < 0x030d0000
	NONE(thread_current_frame);
	AT(thread_cframe, PyThreadState, cframe);
#else
	AT(thread_current_frame, PyThreadState, current_frame);
	NONE(thread_cframe);
#endif
	AT(thread_ident, PyThreadState, thread_id);
#if PY_VERSION_HEX < 0x030b0000
	NONE(thread_native_id);
	AT(thread_tag, PyThreadState, id);
	AT(thread_begun, PyThreadState, gilstate_counter);
	NONE(thread_datastack_chunk);
	NONE(thread_datastack_top);
#else
	AT(thread_native_id, PyThreadState, native_thread_id);
	AT(thread_tag, PyThreadState, native_thread_id);
	NONE(thread_begun);
	AT(thread_datastack_chunk, PyThreadState, datastack_chunk);
	AT(thread_datastack_top, PyThreadState, datastack_top);
#endif
#if PY_VERSION_HEX < 0x030c0000
	AT(thread_raised, PyThreadState, curexc_type);
#else
	AT(thread_raised, PyThreadState, current_exception);
#endif
	AT(thread_exc_info, PyThreadState, exc_info);
	AT(thread_exc_state, PyThreadState, exc_state);
#if PY_VERSION_HEX < 0x030b0000
	AT(excitem_value, _PyErr_StackItem, exc_type);
	NONE(gen_frame);
#else
	AT(excitem_value, _PyErr_StackItem, exc_value);
	AT(gen_frame, PyGenObject, gi_iframe);
#endif
	AT(excitem_previous, _PyErr_StackItem, previous_item);
	AT(gen_exc_state, PyGenObject, gi_exc_state);
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030d0000
	AT(cframe_current_frame, _PyCFrame, current_frame);
#else
	NONE(cframe_current_frame);
#endif
}

#if PY_VERSION_HEX < 0x030b0000
static void frame_fields(void)
{
	AT(frame_executable, PyFrameObject, f_code);
	AT(frame_instr, PyFrameObject, f_lasti);
	AT(frame_previous, PyFrameObject, f_back);
	NONE(frame_owner);
	NONE(frame_copy);
	NONE(code_copies);
#if PY_VERSION_HEX < 0x030a0000
	AT(frame_running, PyFrameObject, f_executing);
#else
	AT(frame_running, PyFrameObject, f_state);
#endif
	NONE(frame_is_entry);
	AT(frame_size, PyFrameObject, f_blockstack);
	NONE(frame_stack);
	NONE(code_units);
	AT(code_bytecode, PyCodeObject, co_code);
	AT(code_filename, PyCodeObject, co_filename);
	AT(code_qualname, PyCodeObject, co_name);
#if PY_VERSION_HEX < 0x030a0000
	AT(code_linetable, PyCodeObject, co_lnotab);
#else
	AT(code_linetable, PyCodeObject, co_linetable);
#endif
	AT(code_firstlineno, PyCodeObject, co_firstlineno);
	NONE(code_version);
	NONE(code_nlocalsplus);
	NONE(code_firsttraceable);
	NONE(code_adaptive);
}
#else
static void frame_fields(void)
{
#if PY_VERSION_HEX < 0x030d0000
	AT(frame_executable, _PyInterpreterFrame, f_code);
	AT(frame_instr, _PyInterpreterFrame, prev_instr);
#else
	AT(frame_executable, _PyInterpreterFrame, f_executable);
	AT(frame_instr, _PyInterpreterFrame, instr_ptr);
#endif
	AT(frame_previous, _PyInterpreterFrame, previous);
	AT(frame_owner, _PyInterpreterFrame, owner);
	NONE(frame_running);
#if PY_VERSION_HEX >= 0x030e0000 && defined(Py_GIL_DISABLED)
	AT(frame_copy, _PyInterpreterFrame, tlbc_index);
	AT(code_copies, PyCodeObject, co_tlbc);
#else
	NONE(frame_copy);
	NONE(code_copies);
#endif
#if PY_VERSION_HEX < 0x030c0000
	AT(frame_is_entry, _PyInterpreterFrame, is_entry);
#else
	NONE(frame_is_entry);
#endif
	AT(frame_size, _PyInterpreterFrame, localsplus);
#if PY_VERSION_HEX < 0x030e0000
	AT(frame_stack, _PyInterpreterFrame, stacktop);
#else
	AT(frame_stack, _PyInterpreterFrame, stackpointer);
#endif
	AT(code_units, PyVarObject, ob_size);
	NONE(code_bytecode);
	AT(code_filename, PyCodeObject, co_filename);
	AT(code_qualname, PyCodeObject, co_qualname);
	AT(code_linetable, PyCodeObject, co_linetable);
	AT(code_firstlineno, PyCodeObject, co_firstlineno);
#if PY_VERSION_HEX < 0x030c0000
	NONE(code_version);
#else
	AT(code_version, PyCodeObject, co_version);
#endif
	AT(code_nlocalsplus, PyCodeObject, co_nlocalsplus);
	AT(code_firsttraceable, PyCodeObject, _co_firsttraceable);
	AT(code_adaptive, PyCodeObject, co_code_adaptive);
}
#endif

static void object_fields(void)
{
	AT(unicode_length, PyASCIIObject, length);
	AT(unicode_state, PyASCIIObject, state);
	ROW(unicode_ascii_data, sizeof(PyASCIIObject));
	ROW(unicode_compact_data, sizeof(PyCompactUnicodeObject));
	AT(bytes_size, PyVarObject, ob_size);
	AT(bytes_data, PyBytesObject, ob_sval);
#if PY_VERSION_HEX < 0x030c0000
	AT(long_tag, PyVarObject, ob_size);
	AT(long_digits, PyLongObject, ob_digit);
#else
	AT(long_tag, PyLongObject, long_value.lv_tag);
	AT(long_digits, PyLongObject, long_value.ob_digit);
#endif
	AT(object_type, PyObject, ob_type);
	AT(type_name, PyTypeObject, tp_name);
	AT(type_flags, PyTypeObject, tp_flags);
	AT(type_basicsize, PyTypeObject, tp_basicsize);
#if PY_VERSION_HEX < 0x030b0000
	AT(type_dictoffset, PyTypeObject, tp_dictoffset);
#else
	NONE(type_dictoffset);
#endif
	AT(type_base, PyTypeObject, tp_base);
	AT(dict_keys, PyDictObject, ma_keys);
	AT(dict_values, PyDictObject, ma_values);
#if PY_VERSION_HEX < 0x030b0000
	AT(keys_size, PyDictKeysObject, dk_size);
	NONE(keys_log2_size);
	NONE(keys_log2_index_bytes);
	NONE(keys_kind);
#else
	NONE(keys_size);
	AT(keys_log2_size, PyDictKeysObject, dk_log2_size);
	AT(keys_log2_index_bytes, PyDictKeysObject, dk_log2_index_bytes);
	AT(keys_kind, PyDictKeysObject, dk_kind);
#endif
	AT(keys_nentries, PyDictKeysObject, dk_nentries);
	AT(keys_indices, PyDictKeysObject, dk_indices);
	AT(heaptype_cached_keys, PyHeapTypeObject, ht_cached_keys);
	AT(module_dict, PyModuleObject, md_dict);
}

static void asyncio_fields(void)
{
	ROW(object_size, sizeof(PyObject));
#if PY_VERSION_HEX < 0x030b0000
	NONE(gen_state);
#else
	AT(gen_state, PyGenObject, gi_frame_state);
#endif
	AT(set_mask, PySetObject, mask);
	AT(set_table, PySetObject, table);
#if PY_VERSION_HEX < 0x030e0000
	NONE(llist_next);
	NONE(llist_prev);
#else
	AT(llist_next, struct llist_node, next);
	AT(llist_prev, struct llist_node, prev);
#endif
	AT(list_items, PyListObject, ob_item);
	AT(list_size, PyVarObject, ob_size);
	AT(tuple_items, PyTupleObject, ob_item);
	AT(tuple_size, PyVarObject, ob_size);
	AT(cell_value, PyCellObject, ob_ref);
	AT(function_closure, PyFunctionObject, func_closure);
	AT(method_self, PyMethodObject, im_self);
	AT(builtin_self, PyCFunctionObject, m_self);
	AT(weakref_object, PyWeakReference, wr_object);
}

#if PY_VERSION_HEX >= 0x030d0000
#define IN(member) ((int)offsetof(struct _Py_DebugOffsets, member))
#define SUM(field, at, plus) \
	printf("\t\t[FIELD_" #field "] = { %d, %d, 0 },\n", IN(at), IN(plus))
#define LESS(field, at, minus) \
	printf("\t\t[FIELD_" #field "] = { %d, 0, %d },\n", IN(at), IN(minus))
#define SAME(field, at) printf("\t\t[FIELD_" #field "] = { %d, 0, 0 },\n", IN(at))

static void described_fields(void)
{
	SAME(runtime_interpreters_head, runtime_state.interpreters_head);
	SAME(interp_next, interpreter_state.next);
	SAME(interp_id, interpreter_state.id);
	SAME(interp_threads_head, interpreter_state.threads_head);
	SAME(interp_modules, interpreter_state.imports_modules);
	SAME(interp_gil, interpreter_state.ceval_gil);
	SUM(interp_gc_collecting, interpreter_state.gc, gc.collecting);
	LESS(gil_last_holder, interpreter_state.gil_runtime_state_holder,
	     interpreter_state.gil_runtime_state);
	LESS(gil_locked, interpreter_state.gil_runtime_state_locked,
	     interpreter_state.gil_runtime_state);
	SAME(thread_next, thread_state.next);
	SAME(thread_interp, thread_state.interp);
	SAME(thread_current_frame, thread_state.current_frame);
	SAME(thread_ident, thread_state.thread_id);
	SAME(thread_native_id, thread_state.native_thread_id);
	SAME(thread_tag, thread_state.native_thread_id);
	SAME(thread_datastack_chunk, thread_state.datastack_chunk);
	SAME(frame_executable, interpreter_frame.executable);
	SAME(frame_previous, interpreter_frame.previous);
	SAME(frame_instr, interpreter_frame.instr_ptr);
	SAME(frame_owner, interpreter_frame.owner);
	SAME(frame_size, interpreter_frame.localsplus);
	SAME(code_filename, code_object.filename);
	SAME(code_qualname, code_object.qualname);
	SAME(code_linetable, code_object.linetable);
	SAME(code_firstlineno, code_object.firstlineno);
	SAME(code_adaptive, code_object.co_code_adaptive);
	SAME(unicode_length, unicode_object.length);
	SAME(unicode_state, unicode_object.state);
	SAME(unicode_ascii_data, unicode_object.asciiobject_size);
	SAME(bytes_size, bytes_object.ob_size);
	SAME(bytes_data, bytes_object.ob_sval);
	SAME(long_tag, long_object.lv_tag);
	SAME(long_digits, long_object.ob_digit);
	SAME(object_type, pyobject.ob_type);
	SAME(type_name, type_object.tp_name);
	SAME(type_flags, type_object.tp_flags);
	SAME(dict_keys, dict_object.ma_keys);
	SAME(dict_values, dict_object.ma_values);
#if PY_VERSION_HEX >= 0x030e0000
	SAME(interp_code_generation, interpreter_state.code_object_generation);
	SAME(gen_frame, gen_object.gi_iframe);
	SAME(frame_stack, interpreter_frame.stackpointer);
	SAME(gen_state, gen_object.gi_frame_state);
	SAME(set_mask, set_object.mask);
	SAME(set_table, set_object.table);
	SAME(llist_next, llist_node.next);
	SAME(llist_prev, llist_node.prev);
#endif
#ifdef Py_GIL_DISABLED
	/* Unlike its neighbours it is described from the beginning of the GIL. */
	SAME(gil_enabled, interpreter_state.gil_runtime_state_enabled);
#endif
#if PY_VERSION_HEX >= 0x030e0000 && defined(Py_GIL_DISABLED)
	SAME(interp_copy_generation, interpreter_state.tlbc_generation);
	SAME(frame_copy, interpreter_frame.tlbc_index);
	SAME(code_copies, code_object.co_tlbc);
#endif
#if PY_VERSION_HEX >= 0x030f0000
	SUM(interp_gc_frame, interpreter_state.gc, gc.frame);
	SAME(thread_raised, thread_state.current_exception);
	SAME(thread_exc_state, thread_state.exc_state);
	SAME(excitem_value, err_stackitem.exc_value);
	SAME(unicode_compact_data, unicode_object.compactunicodeobject_size);
	SAME(type_basicsize, type_object.tp_basicsize);
	SAME(heaptype_cached_keys, heap_type_object.ht_cached_keys);
#endif
}
#endif

/* Where compilers put the bit field kind in the word that state is. */
static int unicode_kind_shift(void)
{
	PyASCIIObject str;
	unsigned word;
	int shift = 0;

	memset(&str, 0, sizeof(str));
	str.state.kind = 1;
	memcpy(&word, &str.state, sizeof(word));
	while (!(word >> shift & 1))
		shift++;
	return shift;
}

#ifdef MANAGED_DICT_OFFSET
#define MANAGED_DICT_AT ((int)(MANAGED_DICT_OFFSET / (int)sizeof(void *)))
#else
/* _PyObject_ManagedDictPointer() of 3.11 */
#define MANAGED_DICT_AT (-3)
#endif

int main(void)
{
	printf("\t.layout = {\n\t.version = 0x%04x,\n\t.off = {\n",
	       (unsigned)(PY_VERSION_HEX >> 16));
	runtime_fields();
	interp_fields();
	thread_fields();
	frame_fields();
	object_fields();
	asyncio_fields();
	printf("\t},\n");
#if PY_VERSION_HEX < 0x030e0000
	printf("\t.executable_mask = ~UINT64_C(0),\n");
#else
	printf("\t.executable_mask = ~UINT64_C(3),\n");
#endif
#if PY_VERSION_HEX < 0x030c0000
	printf("\t.first_shim_owner = UINT8_MAX,\n");
#elif PY_VERSION_HEX < 0x030e0000
	printf("\t.first_shim_owner = %d,\n", FRAME_OWNED_BY_CSTACK);
#else
	printf("\t.first_shim_owner = %d,\n", FRAME_OWNED_BY_INTERPRETER);
#endif
#ifdef Py_GIL_DISABLED
	printf("\t.free_threaded = true,\n");
#endif
#if PY_VERSION_HEX < 0x030b0000
	printf("\t.frames = FRAMES_OBJECTS,\n");
	printf("\t.lasti_unit = %d,\n", PY_VERSION_HEX < 0x030a0000 ? 1 : 2);
	printf("\t.running_states = %s,\n", PY_VERSION_HEX < 0x030a0000 ? "1U << 1" :
	       "1U << 0 | 1U << 2");
#else
	printf("\t.frames = FRAMES_DATASTACK,\n");
#endif
	printf("\t.instance_dict_at = %d,\n", MANAGED_DICT_AT);
	printf("\t.unicode_kind_shift = %d,\n", unicode_kind_shift());
	printf("\t.instance_dict = %s,\n",
	       PY_VERSION_HEX < 0x030b0000 ? "INSTANCE_DICT_AT_OFFSET" :
	       PY_VERSION_HEX < 0x030c0000 ? "INSTANCE_VALUES_BEFORE" :
	       PY_VERSION_HEX < 0x030d0000 ? "INSTANCE_DICT_OR_VALUES" : "INSTANCE_INLINE");
	printf("\t.long_form = %s,\n",
	       PY_VERSION_HEX < 0x030c0000 ? "LONG_SIGNED_SIZE" : "LONG_TAGGED");
	printf("\t.line_form = %s,\n",
	       PY_VERSION_HEX < 0x030a0000 ? "LINES_STEPS" :
	       PY_VERSION_HEX < 0x030b0000 ? "LINES_RANGES" : "LINES_POSITIONS");
#if PY_VERSION_HEX >= 0x030b0000
	printf("\t.stack_is_index = %s,\n", PY_VERSION_HEX >= 0x030b0000 &&
	       PY_VERSION_HEX < 0x030e0000 ? "true" : "false");
	printf("\t.gen_created = %d,\n", FRAME_CREATED);
	printf("\t.gen_suspended = %d,\n", FRAME_SUSPENDED);
#if PY_VERSION_HEX < 0x030d0000
	printf("\t.gen_awaiting = %d,\n", FRAME_SUSPENDED);
	printf("\t.await_by_resume = true,\n");
#else
	printf("\t.gen_awaiting = %d,\n", FRAME_SUSPENDED_YIELD_FROM);
#endif
	/* From 3.15 on SEND keeps a word behind what it sends to. */
	printf("\t.await_depth = %d,\n", PY_VERSION_HEX < 0x030f0000 ? 1 : 2);
	printf("\t.gen_executing = %d,\n", FRAME_EXECUTING);
#endif
	printf("\t},\n");
#if PY_VERSION_HEX >= 0x030d0000
	printf("\t.described = {\n");
	described_fields();
	printf("\t},\n");
	printf("\t.description_size = %d,\n", (int)sizeof(struct _Py_DebugOffsets));
#endif
	return 0;
}
