import Foundation
import TestSupport
import Testing

@testable import OpenWeights

@Suite("Damaged configurations of adapters are errors")
struct AdapterFuzzTests {
  @Test("adapter_config.json", .timeLimit(.minutes(10)))
  func configurations() async throws {
    let seeds = [
      ##"{"peft_type":"LORA","r":8,"lora_alpha":16,"target_modules":["q_proj","v_proj"],"bias":"none","init_lora_weights":true,"use_dora":false,"rank_pattern":{},"alpha_pattern":{},"layers_to_transform":null}"##,
      ##"{"peft_type":"LORA","r":4,"lora_alpha":4.5,"target_modules":"all-linear","use_rslora":true,"base_model_name_or_path":"m","modules_to_save":[]}"##,
    ]
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var read = 0
    for await data in Fuzz("AdapterConfiguration", seeds, count: 600, words: ["\"r\":", "\"target_modules\":"]) {
      try data.write(to: folder.appendingPathComponent("adapter_config.json"))
      if (try? AdapterFolder(folder.path).configuration()) != nil { read += 1 }
    }
    #expect(read > 0)
  }
}
