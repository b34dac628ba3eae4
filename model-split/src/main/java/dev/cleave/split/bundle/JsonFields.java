package dev.cleave.split.bundle;

import com.fasterxml.jackson.databind.JsonNode;

/** Fields of JSON objects that must be there and of one type, or IllegalArgumentException. */
final class JsonFields {
  private JsonFields() {}

  private static JsonNode field(JsonNode node, String name) {
    JsonNode value = node.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value;
  }

  static JsonNode object(JsonNode node, String name) {
    JsonNode value = field(node, name);
    if (!value.isObject()) {
      throw new IllegalArgumentException(name + " must be an object: " + value);
    }
    return value;
  }

  static JsonNode array(JsonNode node, String name) {
    JsonNode value = field(node, name);
    if (!value.isArray()) {
      throw new IllegalArgumentException(name + " must be an array: " + value);
    }
    return value;
  }

  static String text(JsonNode node, String name) {
    JsonNode value = field(node, name);
    if (!value.isTextual()) {
      throw new IllegalArgumentException(name + " must be a string: " + value);
    }
    return value.textValue();
  }

  static int integer(JsonNode node, String name) {
    return Math.toIntExact(checked(name, wide(node, name)));
  }

  private static long checked(String name, long value) {
    if (value != (int) value) {
      throw new IllegalArgumentException(name + " is too large: " + value);
    }
    return value;
  }

  static long wide(JsonNode node, String name) {
    JsonNode value = field(node, name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException(name + " must be an integer: " + value);
    }
    return value.longValue();
  }

  static boolean flag(JsonNode node, String name) {
    JsonNode value = field(node, name);
    if (!value.isBoolean()) {
      throw new IllegalArgumentException(name + " must be true or false: " + value);
    }
    return value.booleanValue();
  }

  static double number(JsonNode node, String name) {
    JsonNode value = field(node, name);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw new IllegalArgumentException(name + " must be a finite number: " + value);
    }
    return value.doubleValue();
  }
}
