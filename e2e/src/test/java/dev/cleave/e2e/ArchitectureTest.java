package dev.cleave.e2e;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Dependencies point one way: codec, wire and split below; device and server never meet. */
class ArchitectureTest {
  private static final JavaClasses CLEAVE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.cleave");

  private static final String CODEC = "dev.cleave.codec..";
  private static final String HAT = "dev.cleave.hat..";
  private static final String WIRE = "dev.cleave.wire..";
  private static final String STUBS = "dev.cleave.v1..";
  private static final String SPLIT = "dev.cleave.split..";
  private static final String EDGE = "dev.cleave.edge..";
  private static final String SERVER = "dev.cleave.server..";
  private static final String LAB = "dev.cleave.lab..";

  @Test
  void importsEveryModule() {
    // Without this a broken import would let every rule below pass on nothing.
    for (String root : new String[] {CODEC, HAT, WIRE, STUBS, SPLIT, EDGE, SERVER, LAB}) {
      assertThat(CLEAVE.stream().anyMatch(resideInAPackage(root))).as(root).isTrue();
    }
  }

  @Test
  void codecNeedsOnlyTheJdk() {
    check(
        classes()
            .that()
            .resideInAPackage(CODEC)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(CODEC, "java..", "jdk..", "org.jspecify.."));
  }

  @Test
  void boardNeedsOnlyTheJdk() {
    check(
        classes()
            .that()
            .resideInAPackage(HAT)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(HAT, "java..", "jdk..", "org.jspecify.."));
  }

  @Test
  void boardIsOfTheDeviceAloneAndItsBindingsAreItsOwn() {
    forbid(SPLIT, HAT);
    forbid(SERVER, HAT);
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(HAT)
            .should()
            .dependOnClassesThat(resideInAPackage("dev.cleave.hat.ffi..")));
  }

  @Test
  void modulesDependDownwardOnly() {
    forbid(WIRE, SPLIT, EDGE, SERVER);
    forbid(STUBS, CODEC, WIRE, SPLIT, EDGE, SERVER);
    forbid(SPLIT, WIRE, STUBS, EDGE, SERVER, LAB);
  }

  /** But in the lab, which measures what one does to the other and is part of neither. */
  @Test
  void deviceAndServerNeverMeet() {
    forbid(EDGE, SERVER, LAB);
    forbid(SERVER, EDGE, LAB);
  }

  @Test
  void deviceHasNoLibtorchAndServerNoTokenizer() {
    forbid(EDGE, "ai.djl.pytorch..");
    forbid(SERVER, "ai.djl.huggingface..", "ai.onnxruntime..");
    forbid(SPLIT, "ai.djl..", "ai.onnxruntime..");
  }

  @Test
  void packagesHaveNoCycles() {
    check(
        slices()
            .matching("dev.cleave.(**)")
            .should()
            .beFreeOfCycles()
            .ignoreDependency(resideInAPackage(STUBS), resideInAPackage(STUBS)));
  }

  @Test
  void onlyTheCommandLineWritesToStandardOutput() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages("..cli..", "dev.cleave.bench..")
            .should()
            .accessField(System.class, "out"));
  }

  @Test
  void everyPackageIsNullMarked() {
    Map<String, Boolean> marked =
        CLEAVE.stream()
            .filter(type -> !resideInAPackage(STUBS).test(type))
            .collect(
                Collectors.toMap(
                    JavaClass::getPackageName,
                    type ->
                        type.getSimpleName().equals("package-info")
                            && type.isAnnotatedWith(NullMarked.class),
                    Boolean::logicalOr));
    assertThat(marked).allSatisfy((name, isMarked) -> assertThat(isMarked).as(name).isTrue());
  }

  private static void forbid(String from, String... to) {
    check(
        noClasses()
            .that()
            .resideInAPackage(from)
            .should()
            .dependOnClassesThat(resideInAnyPackage(to)));
  }

  private static void check(ArchRule rule) {
    rule.check(CLEAVE);
  }
}
