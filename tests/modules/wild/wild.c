/* A module in C that misbehaves on request; see `deed` in module.json. The compiler's -D make it no module at all. */

#ifdef ONLY_A_LIBRARY

int needed_elsewhere(void);
int needed_elsewhere(void) { return 1; }

#else

#include "host_module_helpers.h"

#if defined(NEEDS_A_SYMBOL) || defined(NEEDS_A_LIBRARY)
int needed_elsewhere(void);
#endif

#define REPORT "{\"output\":\"numbers\",\"tables\":[\"data\"],\"matrices\":[{\"name\":\"covariance\",\"size\":3}]}"

static struct host_answer *released_twice;

static void release_and_count(struct host_answer *answer) {
  if (released_twice == answer) abort();
  released_twice = answer;
  host_release_answer(answer);
}

static int fail_to_answer(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  memset(out, 0xff, sizeof *out); /* whatever a failing callback leaves behind must not be used */
  return EIO;
}

static const char *no_text(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static const char *error_with_place(struct ArrowArrayStream *stream) {
  (void)stream;
  return "{\"kind\":\"bad-input\",\"subject\":\"numbers\",\"line\":7,\"message\":\"not as promised\"}";
}

/* Memory of a spoilt struct is kept: this module is to fail by what it returns, not by what it frees. */
static void forget_array(struct ArrowArray *array) { array->release = NULL; }
static void forget_schema(struct ArrowSchema *schema) { schema->release = NULL; }

#define DEED(name) if (host_text_is(request, "deed", name))

static const struct host_request *request_of_stream;

static int spoilt_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  const struct host_request *request = request_of_stream;
  int outcome = host_stream_schema(stream, out);
  out->release = forget_schema;
  DEED("no-format") out->format = NULL;
  DEED("no-columns") out->children = NULL;
  DEED("many-columns") out->n_children = INT64_MAX;
  DEED("null-column") out->children[0] = NULL;
  DEED("unknown-format") out->children[0]->format = "U";
  DEED("nameless-column") out->children[0]->name = NULL;
  DEED("nested-column") out->children[0]->n_children = 1;
  DEED("released-schema") out->release = NULL;
  return outcome;
}

static void spoil_stream(const struct host_request *request, struct ArrowArrayStream *stream) {
  struct host_batch *batch = (struct host_batch *)stream->private_data;
  struct ArrowArray *texts = batch->array.children[0], *values = batch->array.children[1];
  int32_t *offsets = (int32_t *)texts->buffers[1];
  char *bytes = (char *)texts->buffers[2];
  request_of_stream = request;
  stream->get_schema = spoilt_schema;
  batch->array.release = forget_array;
  DEED("no-callback") stream->get_next = NULL;
  DEED("stream-fails") { stream->get_schema = fail_to_answer; stream->get_last_error = error_with_place; }
  DEED("stream-fails-silently") { stream->get_schema = fail_to_answer; stream->get_last_error = no_text; }
  DEED("latin1-name") ((char *)batch->schema.children[0]->private_data)[0] = (char)0xe9;
  DEED("other-columns") batch->array.n_children = 2;
  DEED("negative-length") batch->array.length = -1;
  DEED("huge-length") values->length = INT64_MAX;
  DEED("longer-batch") batch->array.length = 4;
  DEED("no-values") values->buffers[1] = NULL;
  DEED("no-children") batch->array.children = NULL;
  DEED("no-buffers") values->buffers = NULL;
  DEED("too-many-buffers") values->n_buffers = 3;
  DEED("nulls-without-map") values->null_count = 1;
  DEED("negative-offset") offsets[3] = -8;
  DEED("falling-offset") offsets[1] = 3;
  DEED("latin1-text") bytes[0] = (char)0xe9;
  DEED("far-offset") offsets[3] = 2000000000;
}

static int make_answer(const struct host_request *request, struct host_answer *answer) {
  static const char *const rows[] = {"1", "2", "3"};
  static const double values[] = {1, 2, 3}, covariance[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  static const int64_t counts[] = {7, 8, 9};
  static const unsigned char valid[] = {1, 0, 1};
  const struct host_column columns[] = {{"row_id", HOST_UTF8, rows, NULL},
                                        {"value", HOST_FLOAT64, values, NULL},
                                        {"count", HOST_INT64, counts, valid}};
  if (host_answer_with(answer, REPORT, 2) != 0 || host_table(&answer->streams[0], columns, 3, 3) != 0 ||
      host_matrix(&answer->streams[1], covariance, 3) != 0) {
    return host_fail(answer, "out of memory");
  }
  answer->release = release_and_count;
  spoil_stream(request, &answer->streams[0]);
  return 0;
}

static int32_t derive(const struct host_request *request, struct host_answer *answer) {
#if defined(NEEDS_A_SYMBOL) || defined(NEEDS_A_LIBRARY)
  if (needed_elsewhere() != 1) return 1;
#endif
  request->services.log(request->services.data, 2, "from C");
  request->services.log(request->services.data, 2, NULL);
  DEED("segfault") *(volatile char *)0 = 1;
  DEED("exit") exit(0);
  DEED("fail-without-text") return 1;
  DEED("fail-in-plain-words") return host_fail(answer, "the dog ate it\nand more");
  DEED("fail-in-latin1") return host_fail(answer, "the dog \xe9 it");
  DEED("say-nothing") return 0;
  if (make_answer(request, answer) != 0) return 1;
  DEED("report-in-latin1") ((char *)answer->private_data)[12] = (char)0xe9;
  DEED("report-is-no-json") ((char *)answer->private_data)[0] = '!';
  DEED("huge-report") answer->text_length = UINT64_MAX;
  DEED("huge-count") { answer->stream_count = UINT64_MAX; answer->release = NULL; }
  DEED("no-streams") { answer->streams = NULL; answer->release = NULL; }
  DEED("odd-streams") { answer->streams = (struct ArrowArrayStream *)((char *)answer->streams + 1); answer->release = NULL; }
  DEED("one-stream-less") answer->stream_count = 1;
  DEED("released-stream") answer->streams[0].release = NULL;
  DEED("never-stop") while (!host_is_cancelled(request)) {}
  DEED("never-stop") { host_release_answer(answer); return host_stopped(answer); }
  return 0;
}

static int32_t inspect(const struct host_request *request, struct host_answer *answer) {
  (void)request;
  return host_answer_with(answer, "[]", 0);
}

HOST_MODULE_EMBED(HOST_MODULE_MANIFEST("0.1.0") HOST_MODULE_DESCRIPTOR("module.json"));

#if defined(OTHER_SYMBOL)
extern const struct host_module_c host_module_c_2;
const struct host_module_c host_module_c_2 = {sizeof(struct host_module_c), derive, inspect};
#elif defined(SMALL)
extern const uint64_t host_module_c_1[];
const uint64_t host_module_c_1[] = {8};
host_function unused[] = {derive, inspect};
#elif defined(OLDER)
extern const struct host_module_c host_module_c_1;
const struct host_module_c host_module_c_1 = {16, derive, inspect};
#elif defined(WITHOUT_DERIVE)
HOST_MODULE_EXPORT(NULL, inspect);
host_function unused[] = {derive};
#else
HOST_MODULE_EXPORT(derive, inspect);
#endif

#endif
