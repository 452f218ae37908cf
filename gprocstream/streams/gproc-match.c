/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "streams/gproc-match-private.h"

/**
 * GProcMatch:
 *
 * What [method@GProc.Reader.expect] found: which pattern, what came before it, and what
 * matched.
 *
 * All of it was taken from the reader, and is bytes as they came. A match never changes.
 *
 * Since: 1.0
 */
struct _GProcMatch
{
  GObject parent_instance;

  guint index;
  GRegex *regex;
  GBytes *before;
  GBytes *matched;
  GPtrArray *groups; /* Of nullable GBytes, from the first group on. */
};

enum
{
  PROP_INDEX = 1,
  PROP_REGEX,
  PROP_BEFORE,
  PROP_MATCHED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcMatch, gproc_match, G_TYPE_OBJECT)

static void
gproc_match_finalize (GObject *object)
{
  GProcMatch *self = GPROC_MATCH (object);

  g_clear_pointer (&self->regex, g_regex_unref);
  g_clear_pointer (&self->before, g_bytes_unref);
  g_clear_pointer (&self->matched, g_bytes_unref);
  g_clear_pointer (&self->groups, g_ptr_array_unref);

  G_OBJECT_CLASS (gproc_match_parent_class)->finalize (object);
}

static void
gproc_match_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  GProcMatch *self = GPROC_MATCH (object);

  switch (prop_id)
    {
    case PROP_INDEX:
      g_value_set_uint (value, self->index);
      break;
    case PROP_REGEX:
      g_value_set_boxed (value, self->regex);
      break;
    case PROP_BEFORE:
      g_value_set_boxed (value, self->before);
      break;
    case PROP_MATCHED:
      g_value_set_boxed (value, self->matched);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
    }
}

static void
gproc_match_class_init (GProcMatchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gproc_match_finalize;
  object_class->get_property = gproc_match_get_property;

  /**
   * GProcMatch:index: (getter get_index)
   *
   * Which of the patterns matched, counted from 0.
   *
   * Since: 1.0
   */
  props[PROP_INDEX] = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * GProcMatch:regex: (getter get_regex)
   *
   * The pattern that matched; %NULL only in an object that no reader made.
   *
   * Since: 1.0
   */
  props[PROP_REGEX] = g_param_spec_boxed ("regex", NULL, NULL, G_TYPE_REGEX, flags);

  /**
   * GProcMatch:before: (getter get_before)
   *
   * What came before the match.
   *
   * Since: 1.0
   */
  props[PROP_BEFORE] = g_param_spec_boxed ("before", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * GProcMatch:matched: (getter get_matched)
   *
   * What matched.
   *
   * Since: 1.0
   */
  props[PROP_MATCHED] = g_param_spec_boxed ("matched", NULL, NULL, G_TYPE_BYTES, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gproc_match_init (GProcMatch *self)
{
}

GProcMatch *
_gproc_match_new (guint      index,
                  GRegex    *regex,
                  GBytes    *taken,
                  gsize      start,
                  GPtrArray *groups)
{
  GProcMatch *self = g_object_new (GPROC_TYPE_MATCH, NULL);

  self->index = index;
  self->regex = g_regex_ref (regex);
  self->before = g_bytes_new_from_bytes (taken, 0, start);
  self->matched = g_bytes_new_from_bytes (taken, start, g_bytes_get_size (taken) - start);
  self->groups = groups;

  return self;
}

/**
 * gproc_match_get_index:
 * @self: a match
 *
 * Gets which of the patterns matched.
 *
 * Returns: the position of the pattern among those that were given, counted from 0
 *
 * Since: 1.0
 */
guint
gproc_match_get_index (GProcMatch *self)
{
  g_return_val_if_fail (GPROC_IS_MATCH (self), 0);

  return self->index;
}

/**
 * gproc_match_get_regex:
 * @self: a match
 *
 * Gets the pattern that matched.
 *
 * Returns: (transfer none): the pattern
 *
 * Since: 1.0
 */
GRegex *
gproc_match_get_regex (GProcMatch *self)
{
  g_return_val_if_fail (GPROC_IS_MATCH (self), NULL);

  return self->regex;
}

/**
 * gproc_match_get_before:
 * @self: a match
 *
 * Gets what came before the match, since the last read of the same reader.
 *
 * Returns: (transfer none): the bytes, possibly none
 *
 * Since: 1.0
 */
GBytes *
gproc_match_get_before (GProcMatch *self)
{
  g_return_val_if_fail (GPROC_IS_MATCH (self), NULL);

  return self->before;
}

/**
 * gproc_match_get_matched:
 * @self: a match
 *
 * Gets what matched.
 *
 * Returns: (transfer none): the bytes; none where the pattern matched the empty string
 *
 * Since: 1.0
 */
GBytes *
gproc_match_get_matched (GProcMatch *self)
{
  g_return_val_if_fail (GPROC_IS_MATCH (self), NULL);

  return self->matched;
}

/**
 * gproc_match_get_group:
 * @self: a match
 * @group: the number of a group of the pattern; 0 for the whole match
 *
 * Gets what a group of the pattern matched.
 *
 * Returns: (transfer none) (nullable): the bytes, or %NULL if the group took no part in the match
 *   or there is no such group
 *
 * Since: 1.0
 */
GBytes *
gproc_match_get_group (GProcMatch *self,
                       guint       group)
{
  g_return_val_if_fail (GPROC_IS_MATCH (self), NULL);

  if (group == 0)
    return self->matched;
  if (self->groups == NULL || group > self->groups->len)
    return NULL;

  return g_ptr_array_index (self->groups, group - 1);
}

/**
 * gproc_match_get_named_group:
 * @self: a match
 * @name: the name of a group of the pattern, as in `(?P<name>…)`
 *
 * Gets what a group of the pattern matched.
 *
 * Returns: (transfer none) (nullable): the bytes, or %NULL if the group took no part in the match
 *   or there is no such group
 *
 * Since: 1.0
 */
GBytes *
gproc_match_get_named_group (GProcMatch *self,
                             const char *name)
{
  int group;

  g_return_val_if_fail (GPROC_IS_MATCH (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  group = self->regex != NULL ? g_regex_get_string_number (self->regex, name) : -1;

  return group > 0 ? gproc_match_get_group (self, (guint) group) : NULL;
}
