package dev.cleave.server.causal;

import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who takes part in the next step, and with how many rows. Steps come before prompts, which share
 * what is left of the budget. So a long prompt delays nobody's step by more than one step of the
 * budget, and while steps fill the budget an eighth of it stays with the prompts.
 *
 * <p>Where not all fit, tenants share by weight; among the sessions of a tenant the step goes first
 * that has waited longest, and prompts share evenly. Confined to the owner thread.
 */
final class StepPlan {

  private static final int PROMPT_SHARE = 8;

  /**
   * What one session has in the step.
   *
   * @param step whether each row gets a token, or else the rows are of a prompt
   */
  record Part(Lane lane, int positions, boolean step) {}

  /** What the sessions of one tenant want. */
  private static final class Wish {
    final Tenancy tenancy;
    final List<Lane> prompts = new ArrayList<>();
    Deque<Lane> steps = new ArrayDeque<>();
    int promptRows;
    int grantedRows;

    Wish(Tenancy tenancy) {
      this.tenancy = tenancy;
    }

    boolean wantsPromptRows() {
      return grantedRows < promptRows;
    }
  }

  private final int budget;
  private final TenantTurns turns = new TenantTurns();
  private long clock;
  private int turn;

  /**
   * @param budget the most rows of one step
   */
  StepPlan(int budget) {
    this.budget = budget;
  }

  /** The parts of the next step; empty when all sessions wait for their devices. */
  List<Part> next(List<Lane> lanes) {
    Map<Tenant, Wish> wishes = wishes(lanes);
    turns.begin(wishes.keySet());
    boolean anyPrompt = wishes.values().stream().anyMatch(wish -> !wish.prompts.isEmpty());
    List<Part> parts = new ArrayList<>();
    int taken = takeSteps(wishes.values(), budget - (anyPrompt ? budget / PROMPT_SHARE : 0), parts);
    takePrompts(wishes.values(), Math.max(0, budget - taken), parts);
    Set<Tenant> behind = new HashSet<>();
    wishes.forEach((tenant, wish) -> {
      if (!wish.steps.isEmpty() || wish.wantsPromptRows()) {
        behind.add(tenant);
      }
    });
    turns.end(behind);
    return parts;
  }

  private Map<Tenant, Wish> wishes(List<Lane> lanes) {
    Map<Tenant, Wish> wishes = new LinkedHashMap<>();
    clock++;
    for (int i = 0; i < lanes.size(); i++) {
      Lane lane = lanes.get(Math.floorMod(i + turn, lanes.size()));
      boolean step = lane.readyStep() > 0;
      if (!step && lane.readyPrompt() == 0) {
        continue;
      }
      Tenancy tenancy = lane.session.tenancy();
      Wish wish = wishes.computeIfAbsent(tenancy.tenant(), _ -> new Wish(tenancy));
      if (step) {
        lane.waitsSince = lane.waitsSince == 0 ? clock : lane.waitsSince;
        wish.steps.add(lane);
      } else {
        wish.prompts.add(lane);
        wish.promptRows += lane.readyPrompt();
      }
    }
    for (Wish wish : wishes.values()) {
      List<Lane> byWait = new ArrayList<>(wish.steps);
      byWait.sort(Comparator.comparingLong(lane -> lane.waitsSince));
      wish.steps = new ArrayDeque<>(byWait);
    }
    return wishes;
  }

  private int takeSteps(Collection<Wish> wishes, int rows, List<Part> parts) {
    int taken = 0;
    while (true) {
      Wish next = null;
      for (Wish wish : wishes) {
        next = wish.steps.isEmpty() ? next : earlier(next, wish);
      }
      if (next == null) {
        return taken;
      }
      Lane lane = next.steps.getFirst();
      int positions = lane.readyStep();
      // The first one always goes, so that none is too long to ever be taken.
      if (taken > 0 && taken + positions > rows) {
        return taken; // who is next is not overtaken
      }
      next.steps.removeFirst();
      parts.add(new Part(lane, positions, true));
      turns.charge(next.tenancy.tenant(), positions, next.tenancy.limits().weight());
      taken += positions;
    }
  }

  private void takePrompts(Collection<Wish> wishes, int rows, List<Part> parts) {
    for (int left = rows; left > 0; left--) {
      Wish next = null;
      for (Wish wish : wishes) {
        next = wish.wantsPromptRows() ? earlier(next, wish) : next;
      }
      if (next == null) {
        break;
      }
      next.grantedRows++;
      turns.charge(next.tenancy.tenant(), 1, next.tenancy.limits().weight());
    }
    int served = 0;
    for (Wish wish : wishes) {
      served += share(wish.prompts, wish.grantedRows, parts);
    }
    turn += Math.max(1, served);
  }

  private Wish earlier(@Nullable Wish best, Wish other) {
    return best == null || turns.of(other.tenancy.tenant()) < turns.of(best.tenancy.tenant())
        ? other
        : best;
  }

  /** Shares rows among prompts; returns how many prompts got some. */
  private static int share(List<Lane> prompts, int rows, List<Part> parts) {
    List<Lane> served = prompts.subList(0, Math.min(prompts.size(), rows));
    // Who needs less than a share leaves the rest to the others.
    served.sort(Comparator.comparingInt(Lane::readyPrompt));
    int left = rows;
    for (int i = 0; i < served.size(); i++) {
      Lane lane = served.get(i);
      int positions = Math.min(lane.readyPrompt(), Math.ceilDiv(left, served.size() - i));
      parts.add(new Part(lane, positions, false));
      left -= positions;
    }
    return served.size();
  }
}
