/*
 * System calls without a C library: a part of this program makes the calls that it
 * names and no others, so that tests can compare everything the kernel saw.
 */
#ifndef PRIMES_H
#define PRIMES_H

#include <asm/unistd.h>
#include <linux/errno.h>

#define NULL ((void *)0)

#if defined(__x86_64__)
#include "arch_x86.h"
#elif defined(__aarch64__)
#include "arch_arm64.h"
#else
#error "no way into this kernel"
#endif

#define call(...) call_padded(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define call_padded(nr, a, b, c, d, e, f, ...) \
	call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Ends with a line on standard error: a part that did not do what it says proves nothing. */
#define expect(condition)                       \
	do {                                    \
		if (!(condition))               \
			fail(#condition "\n");  \
	} while (0)

struct part {
	const char *name;
	void (*run)(void);
};

extern char **arguments, **environment;

/* Where a signal's handler returns to. */
void give_back(void);
void leave(int code) __attribute__((noreturn));
void fail(const char *what) __attribute__((noreturn));
void times(int count, long nr);
void times_failing(int count, long nr, long error);
int same(const char *a, const char *b);
long number(const char *digits);

/* family.c: each waits for the end of what it starts, with one wait4, or none for a thread. */
long fork(void);
void in_child(void (*run)(void));
void in_thread(void (*run)(void));
void end_of(long child);
volatile int *start_thread(void (*run)(void));
void join(volatile int *alive);

void launch(void);
void install(const char *descriptor, long flags);

extern const struct part calls[], families[], denials[], rights[], names[],
	argument_parts[], signals[], held[], files[];

#endif
