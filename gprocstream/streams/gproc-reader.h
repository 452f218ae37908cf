/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GPROC_INSIDE) && !defined(GPROC_COMPILATION)
#error "Only <gprocstream/gprocstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gprocstream/base/gproc-enums.h>
#include <gprocstream/base/gproc-error.h>
#include <gprocstream/streams/gproc-match.h>

G_BEGIN_DECLS

#define GPROC_TYPE_READER (gproc_reader_get_type ())

GPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GProcReader, gproc_reader, GPROC, READER, GInputStream)

GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_reader_new (GInputStream *base_stream);
GPROC_AVAILABLE_IN_1_0
GProcReader *gproc_reader_new_for_fd (int      fd,
                                      gboolean close_fd);

GPROC_AVAILABLE_IN_1_0
GInputStream *gproc_reader_get_base_stream (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
int gproc_reader_get_fd (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
int gproc_reader_get_stream_number (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
gsize gproc_reader_get_limit (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_set_limit (GProcReader *self,
                             gsize        limit);
GPROC_AVAILABLE_IN_1_0
GProcLimitPolicy gproc_reader_get_limit_policy (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_set_limit_policy (GProcReader      *self,
                                    GProcLimitPolicy  policy);
GPROC_AVAILABLE_IN_1_0
gsize gproc_reader_get_buffered (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
guint64 gproc_reader_get_bytes_read (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_reader_at_eof (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_get_last_partial (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
gsize gproc_reader_get_last_expected (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
gsize gproc_reader_get_last_consumed (GProcReader *self);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_peek (GProcReader *self,
                           gsize        max_bytes);
GPROC_AVAILABLE_IN_1_0
gboolean gproc_reader_unread (GProcReader  *self,
                              GBytes       *bytes,
                              GError      **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_some (GProcReader   *self,
                                gsize          max_bytes,
                                GCancellable  *cancellable,
                                GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_some_async (GProcReader         *self,
                                   gsize                max_bytes,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_some_finish (GProcReader   *self,
                                       GAsyncResult  *result,
                                       GError       **error);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_try_read_some (GProcReader  *self,
                                    gsize         max_bytes,
                                    GError      **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_line (GProcReader   *self,
                                GCancellable  *cancellable,
                                GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_line_async (GProcReader         *self,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_line_finish (GProcReader   *self,
                                       GAsyncResult  *result,
                                       GError       **error);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_try_read_line (GProcReader  *self,
                                    GError      **error);

GPROC_AVAILABLE_IN_1_0
char *gproc_reader_read_line_utf8 (GProcReader   *self,
                                   GCancellable  *cancellable,
                                   GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_line_utf8_async (GProcReader         *self,
                                        int                  io_priority,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
char *gproc_reader_read_line_utf8_finish (GProcReader   *self,
                                          GAsyncResult  *result,
                                          GError       **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_lines (GProcReader   *self,
                                 guint          max_lines,
                                 GCancellable  *cancellable,
                                 GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_lines_async (GProcReader         *self,
                                    guint                max_lines,
                                    int                  io_priority,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_lines_finish (GProcReader   *self,
                                        GAsyncResult  *result,
                                        GError       **error);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_try_read_lines (GProcReader  *self,
                                     guint         max_lines,
                                     GError      **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_exactly (GProcReader   *self,
                                   gsize          count,
                                   GCancellable  *cancellable,
                                   GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_exactly_async (GProcReader         *self,
                                      gsize                count,
                                      int                  io_priority,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_exactly_finish (GProcReader   *self,
                                          GAsyncResult  *result,
                                          GError       **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_until (GProcReader   *self,
                                 const char    *separator,
                                 gssize         separator_len,
                                 GCancellable  *cancellable,
                                 GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_until_async (GProcReader         *self,
                                    const char          *separator,
                                    gssize               separator_len,
                                    int                  io_priority,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_until_finish (GProcReader   *self,
                                        GAsyncResult  *result,
                                        GError       **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_until_any (GProcReader   *self,
                                     GPtrArray     *separators,
                                     GCancellable  *cancellable,
                                     GError       **error);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_until_anyv (GProcReader   *self,
                                      GBytes       **separators,
                                      gsize          n_separators,
                                      GCancellable  *cancellable,
                                      GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_until_any_async (GProcReader         *self,
                                        GPtrArray           *separators,
                                        int                  io_priority,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_until_anyv_async (GProcReader          *self,
                                         GBytes              **separators,
                                         gsize                 n_separators,
                                         int                   io_priority,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_until_any_finish (GProcReader   *self,
                                            GAsyncResult  *result,
                                            GError       **error);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_until_anyv_finish (GProcReader   *self,
                                             GAsyncResult  *result,
                                             GError       **error);

GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_to_end (GProcReader   *self,
                                  gssize         limit,
                                  GCancellable  *cancellable,
                                  GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_read_to_end_async (GProcReader         *self,
                                     gssize               limit,
                                     int                  io_priority,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
GBytes *gproc_reader_read_to_end_finish (GProcReader   *self,
                                         GAsyncResult  *result,
                                         GError       **error);

GPROC_AVAILABLE_IN_1_0
GProcMatch *gproc_reader_expect (GProcReader   *self,
                                 GRegex       **patterns,
                                 gsize          n_patterns,
                                 int            timeout_ms,
                                 GCancellable  *cancellable,
                                 GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_expect_async (GProcReader          *self,
                                GRegex              **patterns,
                                gsize                 n_patterns,
                                int                   timeout_ms,
                                int                   io_priority,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
GPROC_AVAILABLE_IN_1_0
GProcMatch *gproc_reader_expect_finish (GProcReader   *self,
                                        GAsyncResult  *result,
                                        GError       **error);
GPROC_AVAILABLE_IN_1_0
GProcMatch *gproc_reader_try_expect (GProcReader  *self,
                                     GRegex      **patterns,
                                     gsize         n_patterns,
                                     GError      **error);

GPROC_AVAILABLE_IN_1_0
gssize gproc_reader_fill (GProcReader   *self,
                          gsize          count,
                          GCancellable  *cancellable,
                          GError       **error);
GPROC_AVAILABLE_IN_1_0
void gproc_reader_fill_async (GProcReader         *self,
                              gsize                count,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);
GPROC_AVAILABLE_IN_1_0
gssize gproc_reader_fill_finish (GProcReader   *self,
                                 GAsyncResult  *result,
                                 GError       **error);

G_END_DECLS
