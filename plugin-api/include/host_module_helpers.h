/* Helpers for modules in C, all of them optional: inputs and parameters, errors, and Arrow streams from plain arrays.
 *
 * Every array and text that is passed in is copied, so the caller keeps what it had and frees it as it likes.
 * A function that returns int returns 0 when it succeeded, unless it says otherwise. */
#ifndef HOST_MODULE_HELPERS_H
#define HOST_MODULE_HELPERS_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_module.h"

/* ---- what comes in ---- */

/* The input of a role, or NULL when there is none. */
static inline const struct host_input *host_find_input(const struct host_request *request, const char *role) {
  uint64_t index;
  for (index = 0; index < request->input_count; index++) {
    if (strcmp(request->inputs[index].role, role) == 0) return &request->inputs[index];
  }
  return NULL;
}

static inline int host_is_cancelled(const struct host_request *request) {
  return request->services.cancelled(request->services.data) != 0;
}

/* The end of the JSON value that begins at `at`, in an object without objects and arrays inside. */
static inline const char *host_json_end(const char *at) {
  if (*at != '"') return at + strcspn(at, ",}");
  for (at++; *at != '\0' && *at != '"'; at++) {
    if (*at == '\\' && at[1] != '\0') at++;
  }
  return *at == '"' ? at + 1 : at;
}

/* Where the JSON value of a parameter begins, or NULL when neither the user nor module.json gives one. */
static inline const char *host_find_parameter(const struct host_request *request, const char *name) {
  const char *at = request->parameters + strspn(request->parameters, " {");
  size_t length = strlen(name);
  while (*at == '"') {
    const char *end = host_json_end(at);
    int found = (size_t)(end - at) == length + 2 && strncmp(at + 1, name, length) == 0;
    at = end + strspn(end, " :");
    if (found) return strncmp(at, "null", 4) == 0 ? NULL : at;
    at = host_json_end(at);
    at += strspn(at, " ,");
  }
  return NULL;
}

/* A number; `otherwise` when there is none. module.json says the type and the bounds, and the host has checked them. */
static inline double host_number(const struct host_request *request, const char *name, double otherwise) {
  const char *value = host_find_parameter(request, name);
  return value != NULL ? strtod(value, NULL) : otherwise;
}

/* Whether a parameter is true. */
static inline int host_flag(const struct host_request *request, const char *name) {
  const char *value = host_find_parameter(request, name);
  return value != NULL && strncmp(value, "true", 4) == 0;
}

/* Whether a parameter is this text, which holds no `"`, no `\` and no control character. */
static inline int host_text_is(const struct host_request *request, const char *name, const char *text) {
  const char *value = host_find_parameter(request, name);
  size_t length = strlen(text);
  return value != NULL && *value == '"' && strncmp(value + 1, text, length) == 0 && value[length + 1] == '"';
}

/* ---- what goes out ---- */

static inline void host_release_answer(struct host_answer *answer) {
  uint64_t index;
  for (index = 0; index < answer->stream_count; index++) {
    struct ArrowArrayStream *stream = &answer->streams[index];
    if (stream->release != NULL) stream->release(stream);
  }
  free(answer->streams);
  free(answer->private_data);
  memset(answer, 0, sizeof *answer);
}

/* Answers with a text, a JSON that ends with a zero byte, and room for streams, all of them still to be filled in. */
static inline int host_answer_with(struct host_answer *answer, const char *text, size_t stream_count) {
  size_t length = strlen(text);
  char *copy = (char *)malloc(length + 1);
  answer->release = host_release_answer;
  answer->private_data = copy;
  if (copy == NULL) return ENOMEM;
  memcpy(copy, text, length + 1);
  answer->text = copy;
  answer->text_length = length;
  if (stream_count == 0) return 0;
  answer->streams = (struct ArrowArrayStream *)calloc(stream_count, sizeof *answer->streams);
  if (answer->streams == NULL) return ENOMEM;
  answer->stream_count = stream_count;
  return 0;
}

/* Writes a text as JSON, at most 6 bytes for each of it and the quotes; returns where it ended. */
static inline char *host_write_json(char *to, const char *text) {
  *to++ = '"';
  for (; *text != '\0'; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte < 0x20) {
      to += sprintf(to, "\\u%04x", byte);
    } else {
      if (byte == '"' || byte == '\\') *to++ = '\\';
      *to++ = (char)byte;
    }
  }
  *to++ = '"';
  *to = '\0';
  return to;
}

/* Answers with a fault of an input or parameter and returns 1, so that `return host_refuse(…)` ends the derivation.
 * `kind` is "bad-input" or "bad-parameter", `subject` the role or the parameter. `line` and `column` count from 1; 0
 * where there is none. `hint` says what the user should do; it may be NULL. */
static inline int host_refuse(struct host_answer *answer, const char *kind, const char *subject, uint64_t line,
                              uint64_t column, const char *message, const char *hint) {
  size_t room = 6 * (strlen(subject) + strlen(message) + (hint != NULL ? strlen(hint) : 0)) + 256;
  char *text = (char *)malloc(room);
  char *at = text;
  if (text == NULL) return 1;
  at += sprintf(at, "{\"kind\":\"%.32s\",\"subject\":", kind);
  at = host_write_json(at, subject);
  if (line != 0) at += sprintf(at, ",\"line\":%llu", (unsigned long long)line);
  if (column != 0) at += sprintf(at, ",\"column\":%llu", (unsigned long long)column);
  at += sprintf(at, ",\"message\":");
  at = host_write_json(at, message);
  if (hint != NULL) {
    at += sprintf(at, ",\"hint\":");
    at = host_write_json(at, hint);
  }
  sprintf(at, "}");
  host_answer_with(answer, text, 0);
  free(text);
  return 1;
}

/* Answers that the module stopped because it was asked to, and returns 1. */
static inline int host_stopped(struct host_answer *answer) {
  host_answer_with(answer, "{\"kind\":\"cancelled\"}", 0);
  return 1;
}

/* Answers with a fault of the module itself and returns 1. Needs no memory. `message` is a constant that stays where it
 * is, without `"` and `\`. What the answer held before is freed. */
static inline int host_fail(struct host_answer *answer, const char *message) {
  if (answer->release != NULL) answer->release(answer);
  answer->text = message;
  answer->text_length = strlen(message);
  return 1;
}

/* ---- Arrow streams from plain arrays ---- */

enum host_kind {
  HOST_FLOAT64, /* values: const double * */
  HOST_INT64,   /* values: const int64_t * */
  HOST_UTF8     /* values: const char *const *, each ending with a zero byte */
};

struct host_column {
  const char *name;
  enum host_kind kind;
  const void *values;
  const unsigned char *valid; /* one byte a row, 0 where the value is null; NULL when none is */
};

static inline void host_release_schema(struct ArrowSchema *schema) {
  int64_t index;
  for (index = 0; index < schema->n_children; index++) {
    struct ArrowSchema *child = schema->children[index];
    if (child->release != NULL) child->release(child);
    free(child);
  }
  free(schema->children);
  free(schema->private_data);
  schema->release = NULL;
}

static inline int host_make_schema(struct ArrowSchema *schema, const char *format, const char *name, size_t children) {
  char *copy = (char *)malloc(strlen(name) + 1);
  memset(schema, 0, sizeof *schema);
  schema->children = (struct ArrowSchema **)calloc(children + 1, sizeof *schema->children);
  schema->release = host_release_schema;
  schema->private_data = copy;
  if (copy == NULL || schema->children == NULL) return ENOMEM;
  strcpy(copy, name);
  schema->format = format;
  schema->name = copy;
  return 0;
}

static inline void host_release_array(struct ArrowArray *array) {
  int64_t index;
  for (index = 0; index < array->n_children; index++) {
    struct ArrowArray *child = array->children[index];
    if (child->release != NULL) child->release(child);
    free(child);
  }
  for (index = 0; index < array->n_buffers; index++) free((void *)array->buffers[index]);
  free((void *)array->buffers);
  free(array->children);
  array->release = NULL;
}

/* An array whose buffers, filled with zeros, have these sizes in bytes; a size of 0 is no buffer at all. */
static inline int host_make_array(struct ArrowArray *array, size_t rows, const size_t *buffers, size_t buffer_count,
                                  size_t children) {
  size_t index;
  memset(array, 0, sizeof *array);
  array->length = (int64_t)rows;
  array->release = host_release_array;
  array->buffers = (const void **)calloc(buffer_count, sizeof *array->buffers);
  array->children = (struct ArrowArray **)calloc(children + 1, sizeof *array->children);
  if (array->buffers == NULL || array->children == NULL) return ENOMEM;
  array->n_buffers = (int64_t)buffer_count;
  for (index = 0; index < buffer_count; index++) {
    array->buffers[index] = buffers[index] != 0 ? calloc(buffers[index], 1) : NULL;
    if (buffers[index] != 0 && array->buffers[index] == NULL) return ENOMEM;
  }
  return 0;
}

static inline int host_is_null(const struct host_column *column, size_t row) {
  return column->valid != NULL && column->valid[row] == 0;
}

/* Whether a text is UTF-8, as every text of a column must be. What comes out of a file may be anything. */
static inline int host_is_utf8(const char *text) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  const unsigned char *at = (const unsigned char *)text;
  while (*at != '\0') {
    int more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3, left;
    uint32_t letter = more == 0 ? *at : *at & (0x3fu >> more);
    if ((*at >= 0x80 && *at < 0xc0) || *at > 0xf7) return 0;
    at++;
    /* The zero at the end is no continuation either. */
    for (left = more; left > 0; left--, at++) {
      if ((*at & 0xc0) != 0x80) return 0;
      letter = letter << 6 | (*at & 0x3fu);
    }
    /* Longer than need be, half of a pair of UTF-16, or beyond the last letter. */
    if (letter < least[more] || (letter >= 0xd800 && letter < 0xe000) || letter > 0x10ffff) return 0;
  }
  return 1;
}

/* The bytes of text in a column; more than an Arrow column of this kind can hold where there are too many. */
static inline size_t host_text_bytes(const struct host_column *column, size_t rows) {
  const char *const *texts = (const char *const *)column->values;
  size_t row, total = 0;
  for (row = 0; row < rows && total <= INT32_MAX; row++) {
    if (!host_is_null(column, row)) total += strlen(texts[row]);
  }
  return total;
}

static inline int host_fill_column(struct ArrowArray *array, const struct host_column *column, size_t rows) {
  size_t row, sizes[3] = {0, 8, 0}, text_bytes = 0;
  if (rows > SIZE_MAX / 8 - 8) return EOVERFLOW;
  if (column->valid != NULL) sizes[0] = rows / 8 + 1;
  if (column->kind == HOST_UTF8) {
    text_bytes = host_text_bytes(column, rows);
    if (text_bytes > INT32_MAX) return EOVERFLOW;
    sizes[1] = (rows + 1) * sizeof(int32_t);
    sizes[2] = text_bytes + 1;
  } else if (rows != 0) {
    sizes[1] = rows * 8;
  }
  if (host_make_array(array, rows, sizes, column->kind == HOST_UTF8 ? 3 : 2, 0) != 0) return ENOMEM;
  for (row = 0; column->valid != NULL && row < rows; row++) {
    unsigned char *bits = (unsigned char *)array->buffers[0];
    if (column->valid[row] != 0) bits[row / 8] |= (unsigned char)(1u << (row % 8));
    else array->null_count++;
  }
  if (column->kind == HOST_UTF8) {
    int32_t *offsets = (int32_t *)array->buffers[1];
    char *bytes = (char *)array->buffers[2];
    for (row = 0; row < rows; row++) {
      const char *text = host_is_null(column, row) ? "" : ((const char *const *)column->values)[row];
      size_t length = strlen(text);
      memcpy(bytes + offsets[row], text, length);
      offsets[row + 1] = offsets[row] + (int32_t)length;
    }
  } else if (rows != 0) {
    memcpy((void *)array->buffers[1], column->values, rows * 8);
  }
  return 0;
}

/* What a stream of one batch holds: its schema and the batch, each until it is given away. */
struct host_batch {
  struct ArrowSchema schema;
  struct ArrowArray array;
};

static inline int host_copy_schema(struct ArrowSchema *out, const struct ArrowSchema *from) {
  int64_t index;
  int outcome = host_make_schema(out, from->format, from->name, (size_t)from->n_children);
  out->flags = from->flags;
  for (index = 0; outcome == 0 && index < from->n_children; index++) {
    out->children[index] = (struct ArrowSchema *)calloc(1, sizeof *out);
    if (out->children[index] == NULL) outcome = ENOMEM;
    else out->n_children++;
    if (outcome == 0) outcome = host_copy_schema(out->children[index], from->children[index]);
  }
  return outcome;
}

static inline int host_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  int outcome = host_copy_schema(out, &((struct host_batch *)stream->private_data)->schema);
  if (outcome != 0) out->release(out);
  return outcome;
}

static inline int host_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct host_batch *batch = (struct host_batch *)stream->private_data;
  *out = batch->array;
  batch->array.release = NULL; /* a released array is the end of the stream */
  return 0;
}

static inline const char *host_stream_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "{\"kind\":\"internal\",\"message\":\"out of memory\"}";
}

static inline void host_stream_release(struct ArrowArrayStream *stream) {
  struct host_batch *batch = (struct host_batch *)stream->private_data;
  if (batch->schema.release != NULL) batch->schema.release(&batch->schema);
  if (batch->array.release != NULL) batch->array.release(&batch->array);
  free(batch);
  stream->release = NULL;
}

/* Makes a stream of one table. Returns ENOMEM, or EOVERFLOW when a column of text holds more than 2 GiB; what it made so
 * far is released with the answer. */
static inline int host_table(struct ArrowArrayStream *stream, const struct host_column *columns, size_t column_count,
                             size_t rows) {
  static const char *const formats[] = {"g", "l", "u"};
  static const size_t no_buffer[1] = {0};
  struct host_batch *batch = (struct host_batch *)calloc(1, sizeof *batch);
  size_t index;
  int outcome;
  if (batch == NULL) return ENOMEM;
  stream->get_schema = host_stream_schema;
  stream->get_next = host_stream_next;
  stream->get_last_error = host_stream_error;
  stream->release = host_stream_release;
  stream->private_data = batch;
  outcome = host_make_schema(&batch->schema, "+s", "", column_count);
  if (outcome == 0) outcome = host_make_array(&batch->array, rows, no_buffer, 1, column_count);
  for (index = 0; outcome == 0 && index < column_count; index++) {
    struct ArrowSchema *schema = batch->schema.children[index] = (struct ArrowSchema *)calloc(1, sizeof *schema);
    struct ArrowArray *array = batch->array.children[index] = (struct ArrowArray *)calloc(1, sizeof *array);
    if (schema != NULL) batch->schema.n_children++;
    if (array != NULL) batch->array.n_children++;
    if (schema == NULL || array == NULL) return ENOMEM;
    outcome = host_make_schema(schema, formats[columns[index].kind], columns[index].name, 0);
    schema->flags = ARROW_FLAG_NULLABLE;
    if (outcome == 0) outcome = host_fill_column(array, &columns[index], rows);
  }
  return outcome;
}

/* Makes a stream of one square matrix of `size` rows; `values` row after row. */
static inline int host_matrix(struct ArrowArrayStream *stream, const double *values, size_t size) {
  struct host_column column = {"values", HOST_FLOAT64, NULL, NULL};
  column.values = values;
  if (size != 0 && size > SIZE_MAX / 8 / size) return EOVERFLOW;
  return host_table(stream, &column, 1, size * size);
}

#endif /* HOST_MODULE_HELPERS_H */
