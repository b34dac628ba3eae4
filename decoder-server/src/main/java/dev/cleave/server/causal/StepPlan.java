package dev.cleave.server.causal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Who takes part in the next step, and with how many rows. Steps come first, in the order in which
 * they have been waiting; prompts share what is left of the budget evenly. So a long prompt delays
 * nobody's step by more than one step of the budget, and while steps fill the budget an eighth of
 * it stays with the prompts. Confined to the owner thread.
 */
final class StepPlan {

  private static final int PROMPT_SHARE = 8;

  /**
   * What one session has in the step.
   *
   * @param step whether each row gets a token, or else the rows are of a prompt
   */
  record Part(Lane lane, int positions, boolean step) {}

  private final int budget;
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
    List<Lane> steps = new ArrayList<>();
    List<Lane> prompts = new ArrayList<>();
    clock++;
    for (int i = 0; i < lanes.size(); i++) {
      Lane lane = lanes.get(Math.floorMod(i + turn, lanes.size()));
      if (lane.readyStep() > 0) {
        lane.waitsSince = lane.waitsSince == 0 ? clock : lane.waitsSince;
        steps.add(lane);
      } else if (lane.readyPrompt() > 0) {
        prompts.add(lane);
      }
    }
    List<Part> parts = new ArrayList<>(steps.size() + prompts.size());
    int left = budget - takeSteps(steps, prompts.isEmpty() ? 0 : budget / PROMPT_SHARE, parts);
    takePrompts(prompts, Math.max(0, left), parts);
    return parts;
  }

  private int takeSteps(List<Lane> steps, int kept, List<Part> parts) {
    steps.sort(Comparator.comparingLong(lane -> lane.waitsSince));
    int taken = 0;
    for (Lane lane : steps) {
      int positions = lane.readyStep();
      // The first one always goes, so that none is too long to ever be taken.
      if (taken > 0 && taken + positions > budget - kept) {
        break; // who has waited longest is not overtaken
      }
      parts.add(new Part(lane, positions, true));
      taken += positions;
    }
    return taken;
  }

  private void takePrompts(List<Lane> prompts, int rows, List<Part> parts) {
    List<Lane> served = prompts.subList(0, Math.min(prompts.size(), rows));
    turn += Math.max(1, served.size());
    // Who needs less than a share leaves the rest to the others.
    served.sort(Comparator.comparingInt(Lane::readyPrompt));
    int left = rows;
    for (int i = 0; i < served.size(); i++) {
      Lane lane = served.get(i);
      int share = Math.ceilDiv(left, served.size() - i);
      int positions = Math.min(lane.readyPrompt(), share);
      parts.add(new Part(lane, positions, false));
      left -= positions;
    }
  }
}
