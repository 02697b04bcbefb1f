/* A module in C: readings of stations in degrees become temperatures in kelvin, with their covariance.
 *
 * What goes in and what is promised to come out is in module.json; this is all the code there is. */

#include "host_module_helpers.h"

#define TEXT_BYTES 64

/* A line of the input, cut into its fields. */
struct line {
  uint64_t number; /* from 1 */
  uint64_t field_count;
  char fields[3][TEXT_BYTES];
};

/* What was read. */
struct stations {
  size_t count;
  char (*names)[TEXT_BYTES];
  const char **texts; /* the same, as a column wants them */
  double *temperatures;
  double *uncertainties;
  double *covariance;
};

static void free_stations(struct stations *stations) {
  free(stations->names);
  free(stations->texts);
  free(stations->temperatures);
  free(stations->uncertainties);
  free(stations->covariance);
}

static int make_room(struct stations *stations, size_t lines) {
  stations->names = calloc(lines, sizeof *stations->names);
  stations->texts = calloc(lines, sizeof *stations->texts);
  stations->temperatures = calloc(lines, sizeof *stations->temperatures);
  stations->uncertainties = calloc(lines, sizeof *stations->uncertainties);
  return stations->names != NULL && stations->texts != NULL && stations->temperatures != NULL &&
         stations->uncertainties != NULL;
}

/* Adds a byte to the last field, without blanks before the first one. A field that is too long for its place makes the
 * line one of too many fields. */
static void add_byte(struct line *line, size_t *length, char byte) {
  if (line->field_count > 3 || (byte == ' ' && *length == 0)) return;
  if (*length + 1 < TEXT_BYTES) line->fields[line->field_count - 1][(*length)++] = byte;
  else line->field_count = 4;
}

/* Takes one line from the input: the bytes have no zero at their end, so everything goes by length. */
static const unsigned char *take_line(const unsigned char *at, const unsigned char *end, struct line *line) {
  size_t length = 0;
  memset(line->fields, 0, sizeof line->fields);
  line->number++;
  line->field_count = 1;
  for (; at < end && *at != '\n'; at++) {
    if (*at == ',') {
      line->field_count++;
      length = 0;
    } else if (*at != '\r') {
      add_byte(line, &length, (char)*at);
    }
  }
  return at < end ? at + 1 : at;
}

/* Whether the whole field is a finite number, as in `-3.5` or `1e2`. */
static int read_number(const char *field, double *number) {
  char *end;
  if (strspn(field, "+-.0123456789eE") != strlen(field)) return 0;
  *number = strtod(field, &end);
  return end != field && *end == '\0' && *number - *number == 0.0;
}

static int bad_line(struct host_answer *answer, const struct line *line, uint64_t column, const char *what) {
  char message[TEXT_BYTES + 64], field[TEXT_BYTES] = "";
  size_t index;
  /* What is quoted may be anything, and a message is text that moves no cursor. */
  for (index = 0; column != 0 && line->fields[column - 1][index] != '\0'; index++) {
    char byte = line->fields[column - 1][index];
    field[index] = byte >= ' ' && byte <= '~' ? byte : '?';
  }
  if (column == 0) snprintf(message, sizeof message, "%.40s, found %llu", what, (unsigned long long)line->field_count);
  else snprintf(message, sizeof message, "`%.63s` is %.40s", field, what);
  return host_refuse(answer, "bad-input", "readings", line->number, column, message,
                     "each line after the first is station,reading,uncertainty");
}

/* Reads one line into the next row. Returns 0, or 1 when it answered with an error. */
static int read_station(const struct host_request *request, struct host_answer *answer, const struct line *line,
                        struct stations *stations) {
  double reading, uncertainty;
  size_t row = stations->count;
  if (line->field_count != 3) return bad_line(answer, line, 0, "expected 3 fields of at most 63 bytes");
  if (line->fields[0][0] == '\0') return bad_line(answer, line, 1, "no name of a station");
  if (!host_is_utf8(line->fields[0])) return bad_line(answer, line, 1, "no name in UTF-8");
  if (!read_number(line->fields[1], &reading)) return bad_line(answer, line, 2, "no number");
  if (!read_number(line->fields[2], &uncertainty) || uncertainty <= 0) {
    return bad_line(answer, line, 3, "no number above zero");
  }
  if (host_text_is(request, "scale", "fahrenheit")) {
    reading = (reading - 32.0) / 1.8;
    uncertainty = uncertainty / 1.8;
  }
  reading = reading + 273.15 + host_number(request, "offset", 0.0);
  if (reading < 0) return bad_line(answer, line, 2, "below absolute zero");
  memcpy(stations->names[row], line->fields[0], TEXT_BYTES);
  stations->texts[row] = stations->names[row];
  stations->temperatures[row] = reading;
  stations->uncertainties[row] = uncertainty;
  stations->count++;
  return 0;
}

/* Reads the whole input. Returns 0, or 1 when it answered with an error. */
static int read_stations(const struct host_request *request, struct host_answer *answer, struct stations *stations) {
  const struct host_input *input = host_find_input(request, "readings");
  const unsigned char *at, *end;
  struct line line = {0, 0, {{0}}};
  size_t lines = 1, index;
  if (input == NULL) return host_refuse(answer, "bad-input", "readings", 0, 0, "this input is missing", NULL);
  for (index = 0; index < input->length; index++) lines += input->bytes[index] == '\n';
  if (!make_room(stations, lines)) return host_fail(answer, "out of memory");
  at = input->bytes;
  end = at + input->length;
  at = take_line(at, end, &line);
  if (line.field_count != 3 || strcmp(line.fields[0], "station") != 0) {
    return host_refuse(answer, "bad-input", "readings", 1, 0, "the first line is not station,reading,uncertainty", NULL);
  }
  while (at < end) {
    if (host_is_cancelled(request)) return host_stopped(answer);
    at = take_line(at, end, &line);
    if (line.field_count == 1 && line.fields[0][0] == '\0') continue;
    if (read_station(request, answer, &line, stations) != 0) return 1;
  }
  if (stations->count == 0) return host_refuse(answer, "bad-input", "readings", 1, 0, "there is no reading", NULL);
  return 0;
}

static int write_answer(const struct host_request *request, struct host_answer *answer, struct stations *stations) {
  struct host_column columns[] = {{"station", HOST_UTF8, NULL, NULL},
                                  {"temperature", HOST_FLOAT64, NULL, NULL},
                                  {"uncertainty", HOST_FLOAT64, NULL, NULL}};
  char report[512];
  size_t row, size = stations->count;
  columns[0].values = stations->texts;
  columns[1].values = stations->temperatures;
  columns[2].values = stations->uncertainties;
  if (size > 20000) {
    return host_refuse(answer, "bad-input", "readings", 0, 0, "more than 20000 readings", "split the file");
  }
  stations->covariance = calloc(size * size, sizeof *stations->covariance);
  if (stations->covariance == NULL) return host_fail(answer, "out of memory");
  for (row = 0; row < size; row++) {
    stations->covariance[row * size + row] = stations->uncertainties[row] * stations->uncertainties[row];
  }
  sprintf(report,
          "{\"output\":\"temperatures\",\"tables\":[\"data\"],\"matrices\":[{\"name\":\"covariance\",\"size\":%llu}],"
          "\"metadata\":{\"scale\":\"%s\",\"offset_kelvin\":%.17g}}",
          (unsigned long long)size, host_text_is(request, "scale", "fahrenheit") ? "fahrenheit" : "celsius",
          host_number(request, "offset", 0.0));
  if (host_answer_with(answer, report, 2) != 0 || host_table(&answer->streams[0], columns, 3, size) != 0 ||
      host_matrix(&answer->streams[1], stations->covariance, size) != 0) {
    return host_fail(answer, "out of memory");
  }
  return 0;
}

static int32_t derive(const struct host_request *request, struct host_answer *answer) {
  struct stations stations = {0, NULL, NULL, NULL, NULL, NULL};
  int outcome = read_stations(request, answer, &stations);
  if (outcome == 0) {
    request->services.progress(request->services.data, 0.5, "writing the covariance");
    outcome = write_answer(request, answer, &stations);
  }
  free_stations(&stations);
  return outcome;
}

HOST_MODULE_EMBED(
    HOST_MODULE_MANIFEST("0.1.0")
    HOST_MODULE_DESCRIPTOR("module.json")
    HOST_MODULE_FILE("readings.csv"));

HOST_MODULE_EXPORT(derive, NULL);
