/* SPDX-License-Identifier: MIT */
/*
 * Compiled against the headers of one CPython, prints that version's row of
 * tachyon-record/cpython/call_sites.c: which instructions a frame can stand at
 * while another one runs above it.  Which they are is stated here, from
 * Python/bytecodes.c of each version; their numbers, and how many code units
 * an instruction takes, are the headers'.
 */
#define Py_BUILD_CORE 1
#define NEED_OPCODE_TABLES 1
#define NEED_OPCODE_METADATA 1
#include <Python.h>

#include <stdio.h>
#include <string.h>

#include <opcode.h>
#if PY_VERSION_HEX >= 0x030d0000
#include <internal/pycore_opcode_metadata.h>
#else
#include <internal/pycore_opcode.h>
#endif

static const char *names[256];

static void number(const char *name, int opcode)
{
	/* opcode.h also numbers the operators of BINARY_OP. */
	if (opcode >= 0 && opcode < 256 && strncmp(name, "NB_", 3) != 0 &&
	    strcmp(name, "HAVE_ARGUMENT") != 0)
		names[opcode] = name;
}

static void number_all(void)
{
#define OPCODE(name) number(#name, name);
#include "opcode_names.inc"
}

/* They push a frame for a Python function, and go on with it without C between. */
static const char *const calls[] = {
	"CALL", "CALL_ADAPTIVE", "CALL_KW", "CALL_FUNCTION_EX", "INSTRUMENTED_CALL",
	"INSTRUMENTED_CALL_KW", "INSTRUMENTED_CALL_FUNCTION_EX", "BINARY_SUBSCR",
	"BINARY_SUBSCR_ADAPTIVE", NULL
};

/* The same, and as good as nothing else. */
static const char *const calls_surely[] = {
	"CALL_PY_EXACT_ARGS", "CALL_PY_WITH_DEFAULTS", "CALL_PY_GENERAL",
	"CALL_BOUND_METHOD_EXACT_ARGS", "CALL_BOUND_METHOD_GENERAL",
	"CALL_ALLOC_AND_ENTER_INIT", "CALL_NO_KW_ALLOC_AND_ENTER_INIT", "CALL_KW_PY",
	"CALL_KW_BOUND_METHOD", "CALL_EX_PY", "BINARY_SUBSCR_GETITEM",
	"BINARY_OP_SUBSCR_GETITEM", "LOAD_ATTR_PROPERTY",
	"LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN", NULL
};

/* They go on with the frame of a generator or coroutine. */
static const char *const resumes[] = {
	"FOR_ITER", "FOR_ITER_GEN", "SEND", "SEND_GEN", "SEND_ASYNC_GEN",
	"INSTRUMENTED_FOR_ITER", NULL
};

/* They run nothing but themselves. */
static const char *const quiet[] = {
	"NOP", "PUSH_NULL", "COPY", "SWAP", "LOAD_FAST", "LOAD_FAST_CHECK",
	"LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW",
	"LOAD_FAST__LOAD_FAST", "LOAD_FAST__LOAD_CONST", "LOAD_CONST__LOAD_FAST",
	"LOAD_CONST", "LOAD_CONST_MORTAL", "LOAD_CONST_IMMORTAL", "LOAD_SMALL_INT",
	"LOAD_CLOSURE", "KW_NAMES", NULL
};

/* They leave the frame. */
static const char *const returns[] = {
	"RETURN_VALUE", "RETURN_CONST", "INSTRUMENTED_RETURN_VALUE",
	"INSTRUMENTED_RETURN_CONST", NULL
};

/* What stands there is another instruction, or several. */
static const char *const anything[] = {
	"CACHE", "EXTENDED_ARG", NULL
};

/* What stands there is kept elsewhere. */
static const char *const stand_ins[] = {
	"DO_TRACING", "ENTER_EXECUTOR", "TRACE_RECORD", "INSTRUMENTED_INSTRUCTION",
	"INSTRUMENTED_LINE", NULL
};

/* Where C resumes generators, these are none of the places. */
static const char *const jumps[] = {
	"JUMP_BACKWARD", "JUMP_BACKWARD_QUICK", "JUMP_FORWARD", "RESUME", "RESUME_QUICK",
	"YIELD_VALUE", "STORE_FAST", "STORE_FAST__LOAD_FAST", "POP_TOP",
	"RETURN_GENERATOR", NULL
};

static int is_in(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return 1;
	return 0;
}

/*
 * Up to 3.12 a frame stands at the last unit of the instruction that it calls in,
 * and only from the function's first one on can be told which that is.
 */
static int units_behind(int opcode)
{
#if PY_VERSION_HEX < 0x030d0000
	static const char instrumented[] = "INSTRUMENTED_";

	for (int i = 0; i < 256; i++)
		if (strncmp(names[opcode], instrumented, sizeof(instrumented) - 1) == 0 &&
		    names[i] && strcmp(names[i], names[opcode] + sizeof(instrumented) - 1) == 0)
			opcode = i;
	return _PyOpcode_Caches[_PyOpcode_Deopt[opcode]];
#else
	return 0;
#endif
}

static void print(int opcode)
{
	const char *name = names[opcode];
	int called = is_in(calls, name), surely = is_in(calls_surely, name);
	int resumed = is_in(resumes, name);
	const char *flag = surely ? "SITE_CALLS | SITE_SURELY" :
			   called ? "SITE_CALLS" : resumed ? "SITE_RESUMES" :
			   is_in(returns, name) ? "SITE_RETURNS" :
			   is_in(quiet, name) ? "SITE_QUIET" :
			   is_in(anything, name) || is_in(stand_ins, name) ? "SITE_ANYTHING" : NULL;

#if PY_VERSION_HEX < 0x030c0000
	/* Generators are resumed by C: here as a rule, and wherever else C is called. */
	if (resumed)
		flag = "SITE_ITERATES";
	if (is_in(jumps, name))
		flag = "SITE_NOT_RESUMES";
#endif
	if (strcmp(name, "FOR_ITER_GEN") == 0 || strcmp(name, "SEND_GEN") == 0)
		flag = "SITE_RESUMES | SITE_SURELY";
	if (PY_VERSION_HEX < 0x030d0000 && is_in(stand_ins, name))
		printf("\t\t/* %s */ [%d] = { %s, SITE_ANY_UNITS },\n", name, opcode, flag);
	else if (flag || units_behind(opcode))
		printf("\t\t/* %s */ [%d] = { %s, %d },\n", name, opcode, flag ? flag : "0",
		       units_behind(opcode));
}

int main(void)
{
	number_all();
	printf("\t{\n\t.version = 0x%04x,\n\t.sites = {\n", (unsigned)(PY_VERSION_HEX >> 16));
	for (int i = 0; i < 256; i++)
		if (names[i])
			print(i);
	printf("\t},\n\t},\n");
	return 0;
}
