/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process at the other end in the benchmarks, the same for all that are compared. It
 * needs the C library alone, so that it starts in no time.
 *
 *   flood COUNT [BLOCK]   COUNT bytes in writes of BLOCK; COUNT 0: until the reader goes
 *   sink COUNT            reads to the end; fails unless that were COUNT bytes
 *   take COUNT            reads COUNT bytes, no more
 *   lines COUNT LENGTH    COUNT lines of LENGTH bytes with their newline
 *   hold                  reads to the end
 *
 * It goes to the processor GPROC_BENCH_CHILD_CPU, if that is set: two processes that pass
 * much data are several times faster on one than on two, and the scheduler may do either. */

#include "config.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (256 * 1024)

static int
write_all (const char *data,
           size_t      size)
{
  while (size > 0)
    {
      ssize_t count = write (1, data, size);

      if (count < 0)
        return -1;
      data += count;
      size -= (size_t) count;
    }

  return 0;
}

static int
flood (unsigned long long count,
       size_t             block_size)
{
  char *block = malloc (block_size);
  int endless = count == 0;

  memset (block, 'x', block_size);
  while (endless || count > 0)
    {
      size_t size = endless || count > block_size ? block_size : (size_t) count;

      if (write_all (block, size) < 0)
        return 1;
      count -= endless ? 0 : size;
    }

  return 0;
}

/* Reads until @wanted bytes have come, or to the end. */
static int
drain (unsigned long long  wanted,
       unsigned long long *total)
{
  static char block[BLOCK];
  ssize_t count = 0;

  *total = 0;
  while (*total < wanted && (count = read (0, block, sizeof block)) > 0)
    *total += (unsigned long long) count;

  return count < 0 ? 1 : 0;
}

static int
lines (unsigned long long count,
       size_t             length)
{
  size_t per_block = BLOCK / length > 0 ? BLOCK / length : 1;
  char *block = malloc (per_block * length);

  memset (block, 'x', per_block * length);
  for (size_t i = 1; i <= per_block; i++)
    block[i * length - 1] = '\n';
  while (count > 0)
    {
      size_t some = count > per_block ? per_block : (size_t) count;

      if (write_all (block, some * length) < 0)
        return 1;
      count -= some;
    }

  return 0;
}

static void
settle (void)
{
  const char *number = getenv ("GPROC_BENCH_CHILD_CPU");
  cpu_set_t set;

  if (number == NULL)
    return;
  CPU_ZERO (&set);
  CPU_SET (atoi (number), &set);
  sched_setaffinity (0, sizeof set, &set);
}

int
main (int   argc,
      char *argv[])
{
  const char *command = argc > 1 ? argv[1] : "";
  unsigned long long count = argc > 2 ? strtoull (argv[2], NULL, 10) : 0, total;

  settle ();
  if (strcmp (command, "flood") == 0)
    return flood (count, argc > 3 ? strtoul (argv[3], NULL, 10) : BLOCK);
  if (strcmp (command, "lines") == 0 && argc > 3)
    return lines (count, strtoul (argv[3], NULL, 10));
  if (strcmp (command, "sink") == 0)
    return drain (ULLONG_MAX, &total) != 0 || total != count;
  if (strcmp (command, "take") == 0)
    return drain (count, &total) != 0 || total != count;
  if (strcmp (command, "hold") == 0)
    return drain (ULLONG_MAX, &total);
  fprintf (stderr, "usage: gproc-bench-child flood|lines|sink|take|hold …\n");

  return 2;
}
