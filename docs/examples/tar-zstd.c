/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packs a folder into a file, as `tar | zstd > FILE` does in a shell. Where there is no zstd,
 * gzip takes its place. What tar writes goes to the other program without passing through this
 * one; what comes of it is moved into the file while the main loop runs.
 *
 * usage: tar-zstd FOLDER FILE
 *
 * Build it with:
 *   cc tar-zstd.c -o tar-zstd $(pkg-config --cflags --libs gprocstream-1) */

#include <gprocstream/gprocstream.h>
#include <stdlib.h>

typedef struct
{
  GMainLoop *loop;
  GProcPipeline *pipeline;
  GFile *file;
  gssize size;
  int status;
} Packing;

static void
finish (Packing *packing,
        GError  *error)
{
  if (error != NULL)
    {
      g_printerr ("tar-zstd: %s\n", error->message);
      packing->status = EXIT_FAILURE;
      g_file_delete (packing->file, NULL, NULL);
    }

  g_main_loop_quit (packing->loop);
}

/* All that was written is in the file; whether it is all there should be is for the programs
 * to say. */
static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Packing *packing = user_data;
  g_autoptr (GError) error = NULL;

  if (gproc_pipeline_wait_check_finish (packing->pipeline, result, &error))
    g_print ("%s: %" G_GSSIZE_FORMAT " bytes by tar and %s\n", g_file_peek_path (packing->file),
             packing->size,
             gproc_stream_get_command (gproc_pipeline_get_stage (packing->pipeline, 1)));

  finish (packing, error);
}

static void
spliced_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Packing *packing = user_data;
  g_autoptr (GError) error = NULL;

  packing->size = g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &error);
  if (packing->size < 0)
    {
      gproc_pipeline_abort (packing->pipeline);
      finish (packing, error);
      return;
    }

  gproc_pipeline_wait_check_async (packing->pipeline, G_PRIORITY_DEFAULT, NULL, ended_cb, packing);
}

static gboolean
start (Packing     *packing,
       const char  *folder,
       GError     **error)
{
  g_autofree char *zstd = g_find_program_in_path ("zstd");
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GFileOutputStream) output = NULL;

  /* The first of them has nothing to read. */
  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_NULL);
  gproc_launcher_set_cwd (launcher, folder);
  gproc_pipeline_append (packing->pipeline, launcher,
                         (const char *[]){ "tar", "-cf", "-", ".", NULL });
  gproc_pipeline_append (packing->pipeline, NULL,
                         (const char *[]){ zstd != NULL ? "zstd" : "gzip", "-c", NULL });
  if (!gproc_pipeline_spawn (packing->pipeline, error))
    return FALSE;

  output = g_file_create (packing->file, G_FILE_CREATE_NONE, NULL, error);
  if (output == NULL)
    {
      gproc_pipeline_abort (packing->pipeline);
      return FALSE;
    }

  g_output_stream_splice_async (G_OUTPUT_STREAM (output),
                                g_io_stream_get_input_stream (G_IO_STREAM (packing->pipeline)),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, spliced_cb, packing);

  return TRUE;
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GError) error = NULL;
  Packing packing = { .status = EXIT_SUCCESS };

  if (argc != 3)
    {
      g_printerr ("usage: tar-zstd FOLDER FILE\n");
      return EXIT_FAILURE;
    }

  packing.loop = g_main_loop_new (NULL, FALSE);
  packing.pipeline = gproc_pipeline_new ();
  packing.file = g_file_new_for_commandline_arg (argv[2]);

  if (start (&packing, argv[1], &error))
    {
      g_main_loop_run (packing.loop);
    }
  else
    {
      g_printerr ("tar-zstd: %s\n", error->message);
      packing.status = EXIT_FAILURE;
    }

  g_object_unref (packing.file);
  g_object_unref (packing.pipeline);
  g_main_loop_unref (packing.loop);

  return packing.status;
}
